using Attune.Server.Hosting;

namespace Attune.Server.Identities;

sealed record LoggedIn(AccessToken Access, RefreshToken Refresh);

/// <summary>Password in, tokens out; and tokens in, newer tokens out.</summary>
sealed class Logins(
    IdentityStore identities, PasswordHashing passwords, LoginThrottle throttle, RefreshTokens refreshTokens, TokenService tokens)
{
    /// <summary>What was wrong is never said, and takes the same time whether or not the login exists.</summary>
    public async Task<Result<(LoggedIn LoggedIn, Identity Identity)>> LogInAsync(
        string login, string password, string address, CancellationToken ct)
    {
        if (!IdentityRules.IsLogin(login))
            return Failed();
        if (await throttle.CountTryAsync(login, address, ct) is { } throttled)
            return throttled;

        var stored = await identities.FindPasswordAsync(login, ct);
        var verdict = await passwords.VerifyAsync(stored?.PasswordHash, password, ct);
        if (stored is null || verdict is PasswordVerdict.Wrong)
            return Failed();

        await throttle.ForgiveAsync(login, ct);
        if (verdict is PasswordVerdict.RightButOutdated)
            await identities.RehashPasswordAsync(stored, await passwords.HashAsync(password, ct), ct);
        if (await identities.FindAsync(stored.Id, ct) is not { } identity)
            return Failed();

        return (new LoggedIn(tokens.ForIdentity(identity.Id), await refreshTokens.BeginAsync(identity.Id, ct)), identity);
    }

    public async Task<Result<LoggedIn>> RefreshAsync(string refreshToken, CancellationToken ct)
        => (await refreshTokens.RotateAsync(refreshToken, ct)).IsOk(out var next, out var failure)
            ? new LoggedIn(tokens.ForIdentity(next.IdentityId), next)
            : failure;

    static Failure Failed() => new(FailureKind.Unauthenticated, "LOGIN_FAILED", "Login or password is wrong.");
}
