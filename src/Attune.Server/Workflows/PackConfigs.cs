using System.Collections.Concurrent;
using System.Text;
using Attune.Engine.Expressions;
using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>What expressions call `pack.config`, by pack. A pack that is gone has an empty one.</summary>
sealed class PackConfigs
{
    const string Find = """
        select ref, config::text
        from pack
        where ref = any(@references)
        """;

    static readonly Value Empty = Value.Of(new Dictionary<string, Value>());

    volatile ConcurrentDictionary<string, Value> byPack = new();

    /// <param name="connection">In its transaction: whoever holds locks must not wait for another connection, which who waits for them may have.</param>
    /// <param name="packRefs">All of them are answered.</param>
    /// <param name="ct">Ends the wait.</param>
    public async ValueTask<IReadOnlyDictionary<string, Value>> FindManyAsync(
        NpgsqlConnection connection, IReadOnlyCollection<string> packRefs, CancellationToken ct)
    {
        // What is read while it is forgotten is answered and not kept.
        var generation = byPack;
        var found = new Dictionary<string, Value>(packRefs.Count);
        foreach (var packRef in packRefs)
        {
            if (generation.TryGetValue(packRef, out var known))
                found[packRef] = known;
        }

        if (packRefs.Where(packRef => !found.ContainsKey(packRef)).ToArray() is not { Length: > 0 } references)
            return found;
        var rows = await connection.QueryAsync<(string Ref, string Config)>(new CommandDefinition(Find, new { references }, cancellationToken: ct));
        foreach (var (packRef, config) in rows)
            found[packRef] = generation[packRef] = Value.FromJson(Encoding.UTF8.GetBytes(config));
        foreach (var packRef in references)
            found.TryAdd(packRef, Empty);
        return found;
    }

    /// <summary>After any change of packs.</summary>
    public void Forget() => byPack = new();
}
