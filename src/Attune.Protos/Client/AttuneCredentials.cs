namespace Attune.Protos.Client;

/// <summary>Who calls: an API token, or a login that renews itself.</summary>
#pragma warning disable CA1001 // A SemaphoreSlim whose wait handle nobody asks for holds nothing to dispose of.
public sealed class AttuneCredentials
#pragma warning restore CA1001
{
    // Renewed early enough for a call under way and a clock that is a little off.
    static readonly TimeSpan margin = TimeSpan.FromSeconds(30);

    readonly SemaphoreSlim renewing = new(1);
    readonly string? apiToken;
    readonly KeepTokens keep;
    LoginTokens? tokens;

    AttuneCredentials(string? apiToken, LoginTokens? tokens, KeepTokens? keep)
        => (this.apiToken, this.tokens, this.keep) = (apiToken, tokens, keep ?? ((stale, renew, ct) => renew(stale, ct)));

    /// <summary>`att_…`, as `CreateToken` answers it.</summary>
    public static AttuneCredentials ApiToken(string token) => new(token, null, null);

    /// <summary>Tokens of an earlier login; <paramref name="keep"/> sees every renewal.</summary>
    public static AttuneCredentials Login(LoginTokens tokens, KeepTokens? keep = null) => new(null, tokens, keep);

    /// <summary>The bearer token for a call now. Many callers wait for one renewal.</summary>
    internal async ValueTask<string> TokenAsync(RenewTokens renew, TimeProvider clock, CancellationToken ct)
    {
        if (apiToken is not null)
            return apiToken;

        var present = Volatile.Read(ref tokens)!;
        if (IsFresh(present, clock))
            return present.AccessToken;

        return (await RenewAsync(present, renew, ct)).AccessToken;
    }

    /// <summary>After the server refused <paramref name="accessToken"/>: true if another is at hand and the call may go again.</summary>
    internal async Task<bool> ReplaceAsync(string accessToken, RenewTokens renew, CancellationToken ct)
    {
        if (Volatile.Read(ref tokens) is not { } present)
            return false;

        if (present.AccessToken == accessToken)
            await RenewAsync(present, renew, ct);
        return true;
    }

    async Task<LoginTokens> RenewAsync(LoginTokens stale, RenewTokens renew, CancellationToken ct)
    {
        await renewing.WaitAsync(ct);
        try
        {
            if (tokens == stale)
                Volatile.Write(ref tokens, await keep(stale, renew, ct));
            return tokens!;
        }
        finally
        {
            renewing.Release();
        }
    }

    static bool IsFresh(LoginTokens tokens, TimeProvider clock) => tokens.AccessTokenExpiresAt - margin > clock.GetUtcNow();
}
