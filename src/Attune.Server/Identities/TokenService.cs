using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Attune.Server.Identities;

readonly record struct AccessToken(string Text, DateTimeOffset ExpiresAt);

/// <summary>Of a token whose signature and times hold: an identity's, or (with <see cref="ExecutionId"/>) one execution's own.</summary>
sealed record TokenClaims(long IdentityId, long? ExecutionId, string[] PermissionSets, DateTimeOffset ExpiresAt);

/// <summary>
/// Signs and reads JWTs. They say who, not what: grants are looked up in the database, so a change of them needs no new token.
/// </summary>
sealed class TokenService(SigningKeys keys, TimeProvider clock)
{
    public static readonly TimeSpan AccessLifetime = TimeSpan.FromMinutes(15);

    const string Issuer = "attune";
    const string ExecutionClaim = "attune_execution";
    const string PermissionSetsClaim = "attune_permission_sets";

    // Replicas' clocks differ a little; a token from one must be good at another at once.
    static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    public AccessToken ForIdentity(long identityId)
        => Sign(new() { [JwtRegisteredClaimNames.Sub] = Text(identityId) }, AccessLifetime);

    /// <summary>
    /// For one execution: its grants are those of the permission sets, and it ends with the execution, at the latest after
    /// <paramref name="lifetime"/>. Valid from the moment the execution's row is committed.
    /// </summary>
    public string ForExecution(long executionId, IReadOnlyList<string> permissionSets, TimeSpan lifetime)
        => Sign(
            new()
            {
                [JwtRegisteredClaimNames.Sub] = $"execution:{Text(executionId)}",
                [ExecutionClaim] = Text(executionId),
                [PermissionSetsClaim] = permissionSets.ToArray(),
            },
            lifetime).Text;

    /// <summary>Null for a token that is not ours, is malformed, or is out of its time.</summary>
    public async Task<TokenClaims?> ReadAsync(string token, CancellationToken ct)
    {
        if (!handler.CanReadToken(token))
            return null;

        var keyId = handler.ReadJsonWebToken(token).Kid;
        if (await keys.FindAsync(keyId, ct) is not { } key)
            return null;

        var outcome = await handler.ValidateTokenAsync(token, new()
        {
            ValidIssuer = Issuer,
            ValidAudience = Issuer,
            IssuerSigningKey = key,
            ValidAlgorithms = [SigningKeys.Algorithm],
            LifetimeValidator = IsInTime,
        });
        return outcome is { IsValid: true, SecurityToken: JsonWebToken jwt } ? ReadClaims(jwt) : null;
    }

    static TokenClaims? ReadClaims(JsonWebToken jwt)
    {
        var expiresAt = new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero);
        if (jwt.TryGetPayloadValue<string>(ExecutionClaim, out var executionText))
            return long.TryParse(executionText, NumberStyles.None, CultureInfo.InvariantCulture, out var executionId)
                && jwt.TryGetPayloadValue<string[]>(PermissionSetsClaim, out var permissionSets)
                    ? new(0, executionId, permissionSets, expiresAt)
                    : null;

        return long.TryParse(jwt.Subject, NumberStyles.None, CultureInfo.InvariantCulture, out var identityId)
            ? new(identityId, null, [], expiresAt)
            : null;
    }

    AccessToken Sign(Dictionary<string, object> claims, TimeSpan lifetime)
    {
        var now = clock.GetUtcNow();
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds((now + lifetime).ToUnixTimeSeconds());
        var text = handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            Claims = claims,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = expiresAt.UtcDateTime,
            SigningCredentials = keys.Current,
        });
        return new(text, expiresAt);
    }

    bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return notBefore is { } from && expires is { } until && from <= now + ClockSkew && now < until;
    }

    static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
