using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>Reads runs of workflows for people; whoever carries them on has its own.</summary>
sealed class WorkflowRunStore(NpgsqlDataSource db)
{
    const string Find = """
        select id, execution, task_graph::text as task_graph, state::text as state, paused, pause_reason, variables::text as variables
        from workflow_execution
        where execution = any(@executions)
        """;

    /// <param name="executions">Of executions that are workflows; others are not answered.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<WorkflowRun>> FindAsync(long[] executions, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<WorkflowRunRow>(new CommandDefinition(Find, new { executions }, cancellationToken: ct));
        return [.. rows.Select(WorkflowRun.Read)];
    }

    // Somebody who pauses and resumes for ever must not make an answer that cannot be sent.
    const int EditsMax = 1000;

    const string ListEdits = """
        select id, login, kind, tasks, reason, value, created
        from (
            select id, login, kind, tasks, reason, value::text as value, created
            from workflow_edit
            where workflow_execution = @run
            order by id desc
            limit @limit) latest
        order by id
        """;

    /// <summary>Oldest first, the latest thousand.</summary>
    public async Task<IReadOnlyList<WorkflowEditRow>> ListEditsAsync(long run, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<WorkflowEditRow>(
            new CommandDefinition(ListEdits, new { run, limit = EditsMax }, cancellationToken: ct))).AsList();
    }
}
