using Attune.Engine.Expressions;
using Attune.Server.Triggers;
using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>What expressions call `pack.config`, by pack. A pack that is gone has an empty one.</summary>
sealed class PackConfigs
{
    const string Find = """
        select config::text
        from pack
        where ref = @reference
        """;

    static readonly Value Empty = Value.Of(new Dictionary<string, Value>());

    readonly NpgsqlDataSource db;
    readonly RefCache<Config> byPack;

    public PackConfigs(NpgsqlDataSource db)
    {
        this.db = db;
        byPack = new(LoadAsync);
    }

    public async ValueTask<Value> FindAsync(string packRef, CancellationToken ct) => (await byPack.FindAsync(packRef, ct))?.Value ?? Empty;

    /// <summary>After any change of packs.</summary>
    public void Forget() => byPack.Forget();

    async Task<Config?> LoadAsync(string packRef, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var json = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(Find, new { reference = packRef }, cancellationToken: ct));
        return json is null ? null : new(Value.FromJson(System.Text.Encoding.UTF8.GetBytes(json)));
    }

    sealed record Config(Value Value);
}
