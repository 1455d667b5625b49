using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>Reads runs of workflows for people; whoever carries them on has its own.</summary>
sealed class ShownRunStore(NpgsqlDataSource db, WorkflowGraphs graphs)
{
    const string Find = """
        select id, execution, graph_digest, state::text as state, paused, pause_reason, variables::text as variables
        from workflow_execution
        where execution = any(@executions)
        """;

    const string FindGraphs = """
        select distinct on (graph_digest) graph_digest, task_graph::text
        from workflow_execution
        where execution = any(@executions)
          and graph_digest = any(@digests)
        """;

    /// <param name="executions">Of executions that are workflows; others are not answered.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="FormatException">A row was written by hand, or by a newer server.</exception>
    public async Task<IReadOnlyList<ShownRun>> FindAsync(long[] executions, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = (await connection.QueryAsync<ShownRunRow>(new CommandDefinition(Find, new { executions }, cancellationToken: ct))).AsList();
        var known = rows.Select(row => row.GraphDigest).Distinct().ToDictionary(digest => digest, graphs.Find);
        if (known.Where(each => each.Value is null).Select(each => each.Key).ToArray() is { Length: > 0 } digests)
        {
            var read = await connection.QueryAsync<(string Digest, string Graph)>(
                new CommandDefinition(FindGraphs, new { executions, digests }, cancellationToken: ct));
            foreach (var (digest, graph) in read)
                known[digest] = graphs.Add(digest, graph);
        }

        // One that was deleted between the two reads is not there.
        return [.. rows.Where(row => known[row.GraphDigest] is not null).Select(row => ShownRun.Read(row, known[row.GraphDigest]!))];
    }

    // Somebody who edits for ever must not make an answer that cannot be sent.
    const int EditsMax = 200;
    const int ValueMax = 4096;

    const string ListEdits = """
        select id, login, kind, tasks, reason, value, created
        from (
            select id, login, kind, tasks, left(reason, @valueMax) as reason,
                case
                    when length(value::text) <= @valueMax then value::text
                    else to_jsonb('(' || length(value::text) || ' characters)')::text
                end as value,
                created
            from workflow_edit
            where workflow_execution = @run
            order by id desc
            limit @limit) latest
        order by id
        """;

    /// <summary>The latest two hundred, oldest first. Of a great value only its length is told.</summary>
    public async Task<IReadOnlyList<WorkflowEditRow>> ListEditsAsync(long run, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<WorkflowEditRow>(
            new CommandDefinition(ListEdits, new { run, limit = EditsMax, valueMax = ValueMax }, cancellationToken: ct))).AsList();
    }
}
