using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>A workflow as its pack's current release has it.</summary>
sealed record WorkflowDefinitionRow
{
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string Label { get; init; }
    public required string Version { get; init; }

    /// <summary>JSON.</summary>
    public required string Definition { get; init; }
}

sealed class WorkflowDefinitionStore(NpgsqlDataSource db)
{
    const string Find = """
        select ref, pack_ref, label, version, definition::text as definition
        from workflow_definition
        where ref = @reference
        """;

    /// <param name="reference">Of the action that it is.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<WorkflowDefinitionRow?> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<WorkflowDefinitionRow>(
            new CommandDefinition(Find, new { reference }, cancellationToken: ct));
    }

    const string ListRefs = """
        select ref
        from workflow_definition
        where @packs::text[] is null or pack_ref = any(@packs)
        order by ref
        limit 10000
        """;

    /// <param name="packs">Only of these; null for all.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> ListRefsAsync(string[]? packs, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<string>(new CommandDefinition(ListRefs, new { packs }, cancellationToken: ct))).AsList();
    }
}
