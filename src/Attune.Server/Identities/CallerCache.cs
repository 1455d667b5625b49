using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Attune.Server.Hosting;
using Attune.V1;

namespace Attune.Server.Identities;

/// <summary>A caller with the answer to every rpc's question precomputed; one bit per <see cref="Requirement.Index"/>.</summary>
sealed record KnownCaller(Caller Caller, BitArray Allowed, DateTimeOffset GoodUntil, long Generation);

/// <summary>
/// Who is behind a token, remembered for at most 30 s, never beyond the token's end, and not past a change of permissions
/// (<see cref="Forget"/>), so that the usual call asks neither the database nor the signature.
/// </summary>
sealed class CallerCache(PermissionTable table, CallerStore store, TokenService tokens, ApiTokenUse use, TimeProvider clock)
{
    const int CapacityMax = 20_000;

    static readonly TimeSpan Freshness = TimeSpan.FromSeconds(30);

    readonly ConcurrentDictionary<TokenHash, KnownCaller> known = new();
    readonly ConcurrentDictionary<(TokenHash Hash, long AsOf), Lazy<Task<Result<KnownCaller>>>> loading = new();
    long generation;

    public bool TryFind(ReadOnlySpan<char> token, [NotNullWhen(true)] out KnownCaller? caller)
        => known.TryGetValue(TokenHash.Of(token), out caller)
            && caller.Generation == Volatile.Read(ref generation)
            && caller.GoodUntil > clock.GetUtcNow();

    /// <summary>Concurrent calls with one token share one look-up, which one caller's cancellation does not end.</summary>
    public async Task<Result<KnownCaller>> LoadAsync(string token, CancellationToken ct)
    {
        // By generation too: who comes after a change must not get the outcome of a look-up from before it.
        var key = (TokenHash.Of(token), Volatile.Read(ref generation));
        var load = loading.GetOrAdd(key, key => new(() => LoadOnceAsync(key.Hash, key.AsOf, token)));
        return await load.Value.WaitAsync(ct);
    }

    /// <summary>After a change of identities, assignments, permission sets or tokens: everyone is looked up anew.</summary>
    public void Forget() => Interlocked.Increment(ref generation);

    async Task<Result<KnownCaller>> LoadOnceAsync(TokenHash hash, long asOf, string token)
    {
        try
        {
            var now = clock.GetUtcNow();
            var found = token.StartsWith(ApiTokens.Prefix, StringComparison.Ordinal)
                ? await FindByApiTokenAsync(token, now)
                : await FindByJwtAsync(token);
            if (!found.IsOk(out var caller, out var failure))
                return failure;

            var goodUntil = caller.ExpiresAt < now + Freshness ? caller.ExpiresAt : now + Freshness;
            var entry = new KnownCaller(caller.Caller, RightsOf(caller.Caller), goodUntil, asOf);
            MakeRoom(now);
            known[hash] = entry;
            return entry;
        }
        finally
        {
            loading.TryRemove((hash, asOf), out _);
        }
    }

    async Task<Result<FoundCaller>> FindByApiTokenAsync(string token, DateTimeOffset now)
    {
        var found = await store.FindByApiTokenAsync(NewToken.HashOf(token), now, CancellationToken.None);
        if (found is null)
            return TokenInvalid();

        use.Note(found.TokenId!.Value, now);
        return found;
    }

    async Task<Result<FoundCaller>> FindByJwtAsync(string token)
    {
        if (await tokens.ReadAsync(token, CancellationToken.None) is not { } claims)
            return TokenInvalid();

        var found = claims.ExecutionId is { } executionId
            ? await store.FindByExecutionAsync(executionId, claims.PermissionSets, CancellationToken.None)
            : await store.FindByIdentityAsync(claims.IdentityId, CancellationToken.None);
        return found is null ? TokenInvalid() : found with { ExpiresAt = claims.ExpiresAt };
    }

    BitArray RightsOf(Caller caller)
    {
        var rights = new BitArray(table.Requirements.Count);
        foreach (var (_, requirement) in table.Requirements)
            rights[requirement.Index] = requirement.Access switch
            {
                Access.Anonymous or Access.Authenticated => true,
                Access.Unspecified => caller.May(requirement.Resource, requirement.Action),
                _ => false,
            };
        return rights;
    }

    void MakeRoom(DateTimeOffset now)
    {
        if (known.Count < CapacityMax)
            return;

        foreach (var (hash, caller) in known)
            if (caller.GoodUntil <= now)
                known.TryRemove(hash, out _);
        if (known.Count >= CapacityMax)
            known.Clear();
    }

    static Failure TokenInvalid() => new(
        FailureKind.Unauthenticated, "TOKEN_INVALID", "The token is unknown, expired or revoked. Log in again.");
}
