using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows;
using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>What a workflow that is checked may name.</summary>
sealed class CalledActionStore(NpgsqlDataSource db)
{
    const string Find = """
        select ref, param_schema::text as param_schema, is_workflow
        from action
        where ref = any(@refs)
          and (@packs::text[] is null or pack_ref = any(@packs))
        """;

    sealed record Row
    {
        public required string Ref { get; init; }
        public string? ParamSchema { get; init; }
        public required bool IsWorkflow { get; init; }
    }

    /// <param name="refs">Those that are not there are not answered.</param>
    /// <param name="packs">Only of these; null for all.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<CalledAction>> FindAsync(string[] refs, string[]? packs, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(Find, new { refs, packs }, cancellationToken: ct));
        return [.. rows.Select(row => new CalledAction(
            row.Ref,
            Schema.Parse(JsonElement.Parse(row.ParamSchema ?? "{}")).Schema ?? Schema.Empty,
            row.IsWorkflow))];
    }

    const string ListRefs = """
        select ref
        from action
        where @packs::text[] is null or pack_ref = any(@packs)
        order by ref
        limit 10000
        """;

    public async Task<IReadOnlyList<string>> ListRefsAsync(string[]? packs, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<string>(new CommandDefinition(ListRefs, new { packs }, cancellationToken: ct))).AsList();
    }

    const string ListPermissionSets = """
        select ref
        from permission_set
        order by ref
        limit 10000
        """;

    public async Task<IReadOnlyList<string>> ListPermissionSetsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<string>(new CommandDefinition(ListPermissionSets, cancellationToken: ct))).AsList();
    }
}
