using Attune.V1;

namespace Attune.Protos.Client;

/// <summary>What a login gives: a short access token and the single-use refresh token that renews it.</summary>
public sealed record LoginTokens(string AccessToken, DateTimeOffset AccessTokenExpiresAt, string RefreshToken)
{
    public static LoginTokens Of(LoginResponse login)
        => new(login.AccessToken, login.AccessTokenExpiresAt.ToDateTimeOffset(), login.RefreshToken);

    public static LoginTokens Of(RefreshTokenResponse renewed)
        => new(renewed.AccessToken, renewed.AccessTokenExpiresAt.ToDateTimeOffset(), renewed.RefreshToken);

    // A compiler-made one would print the tokens into whatever log is nearby.
    public override string ToString() => $"{nameof(LoginTokens)} until {AccessTokenExpiresAt:O}";
}

/// <summary>Trades the stale tokens for new ones at the server.</summary>
public delegate Task<LoginTokens> RenewTokens(LoginTokens stale, CancellationToken ct);

/// <summary>
/// Stands between a renewal and its keeping. A refresh token works once, so whoever keeps tokens where several processes find them
/// takes a lock, returns the kept ones if they are no longer <paramref name="stale"/>, and else calls <paramref name="renew"/> and
/// keeps the answer.
/// </summary>
public delegate Task<LoginTokens> KeepTokens(LoginTokens stale, RenewTokens renew, CancellationToken ct);
