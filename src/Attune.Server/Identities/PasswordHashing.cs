using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Attune.Server.Identities;

/// <summary>
/// PBKDF2 with HMAC-SHA512 as ASP.NET Core Identity writes it. At most one hash per processor at a time, so that a flood of
/// logins slows logins and nothing else.
/// </summary>
sealed class PasswordHashing : IDisposable
{
    // OWASP's figure for PBKDF2-HMAC-SHA512; 60 to 100 ms on one core of 2025.
    const int Iterations = 210_000;

    static readonly object NoUser = new();

    readonly PasswordHasher<object> hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    readonly SemaphoreSlim processors = new(Math.Max(1, Environment.ProcessorCount));
    readonly Lazy<string> decoy;

    public PasswordHashing() => decoy = new(() => hasher.HashPassword(NoUser, Guid.NewGuid().ToString()));

    public async Task<string> HashAsync(string password, CancellationToken ct)
    {
        await processors.WaitAsync(ct);
        try
        {
            return hasher.HashPassword(NoUser, password);
        }
        finally
        {
            processors.Release();
        }
    }

    /// <summary>Takes the same time without a hash, so that the time does not say whether a login exists.</summary>
    public async Task<PasswordVerdict> VerifyAsync(string? hash, string password, CancellationToken ct)
    {
        if (password.Length > IdentityRules.PasswordLengthMax)
            return PasswordVerdict.Wrong;

        await processors.WaitAsync(ct);
        try
        {
            var outcome = hasher.VerifyHashedPassword(NoUser, hash ?? decoy.Value, password);
            return hash is null ? PasswordVerdict.Wrong : outcome switch
            {
                PasswordVerificationResult.Success => PasswordVerdict.Right,
                PasswordVerificationResult.SuccessRehashNeeded => PasswordVerdict.RightButOutdated,
                _ => PasswordVerdict.Wrong,
            };
        }
        finally
        {
            processors.Release();
        }
    }

    public void Dispose() => processors.Dispose();
}

enum PasswordVerdict
{
    Wrong,
    Right,

    /// <summary>Hashed with fewer iterations than today's.</summary>
    RightButOutdated,
}
