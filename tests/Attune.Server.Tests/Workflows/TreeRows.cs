using System.Text.Json;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Dapper;

namespace Attune.Server.Tests.Workflows;

/// <summary>Runs of workflows as rows, for what no real run gets into within a test. Nobody is told of them.</summary>
sealed class TreeRows(PackBench bench)
{
    public const string Graph = """
        {
          "version": "1.0.0",
          "tasks": [
            {"name": "build", "action": "edge.build", "next": [{"do": ["install", "approve"]}]},
            {"name": "install", "action": "edge.install", "with_items": "{{ [1, 2, 3] }}"},
            {"name": "approve", "inquiry": {"prompt": "Go on?"}, "next": [{"do": "deep"}]},
            {"name": "deep", "action": "other.deep"}
          ]
        }
        """;

    public async Task<long> WorkflowAsync(string actionRef = "edge.deploy", string status = "running", long? parent = null, string task = "", bool paused = false)
        => await WriteAsync(
            """
            with run as (
                insert into execution (action_ref, status, is_workflow, parent, workflow_task, started_at)
                values (@actionRef, @status::execution_status_enum, true, @parent, nullif(@task, '')::jsonb, now())
                returning id
            )
            insert into workflow_execution (execution, task_graph, graph_digest, status, paused, pause_reason)
            select id, @graph::jsonb, encode(sha256(convert_to(@graph, 'UTF8')), 'hex'), @status::execution_status_enum, @paused, case when @paused then 'night' end
            from run
            returning execution
            """,
            new { actionRef, status, parent, task, paused, graph = Graph });

    public async Task<long> TaskAsync(long parent, string name, string status, int run = 1, int? item = null, int retry = 0)
        => await WriteAsync(
            """
            insert into execution (action_ref, status, parent, workflow_task, started_at, finished_at, error, worker_name)
            values ('edge.' || @name, @status::execution_status_enum, @parent, @task::jsonb, now(),
                case when @status in ('completed', 'failed') then now() end,
                case when @status = 'failed' then '{"reason": "EXIT_CODE", "message": "exit code 3"}'::jsonb end,
                case when @status <> 'requested' then 'edge-1' end)
            returning id
            """,
            new { parent, name, status, task = TaskJson(name, run, item, retry) });

    public async Task<long> AskAsync(long execution, string prompt)
        => await WriteAsync("insert into inquiry (execution, prompt) values (@execution, @prompt) returning id", new { execution, prompt });

    /// <summary>Many finished items of one run, in one statement.</summary>
    public async Task ItemsAsync(long parent, string name, int from, int count)
        => await WriteAsync(
            """
            with stored as (
                insert into execution (action_ref, status, parent, workflow_task, started_at, finished_at)
                select 'edge.' || @name, 'completed', @parent,
                    jsonb_build_object('task_name', @name, 'run', 1, 'task_index', item, 'retry_count', 0), now(), now()
                from generate_series(@from, @from + @count - 1) item
                returning id
            )
            select count(*) from stored
            """,
            new { parent, name, from, count });

    /// <summary>Items that all failed with the same message.</summary>
    public async Task FailedItemsAsync(long parent, string name, int count, string message)
        => await WriteAsync(
            """
            with stored as (
                insert into execution (action_ref, status, parent, workflow_task, started_at, finished_at, error)
                select 'edge.' || @name, 'failed', @parent,
                    jsonb_build_object('task_name', @name, 'run', 1, 'task_index', item, 'retry_count', 0), now(), now(),
                    jsonb_build_object('reason', 'EXIT_CODE', 'message', @message, 'stderr_tail', @message)
                from generate_series(0, @count - 1) item
                returning id
            )
            select count(*) from stored
            """,
            new { parent, name, count, message });

    public async Task EndAsync(params long[] executions)
        => await WriteAsync(
            """
            update execution
            set status = 'completed', finished_at = now(), updated = now()
            where id = any(@executions)
            """,
            new { executions });

    public static string TaskJson(string name, int run = 1, int? item = null, int retry = 0)
        => JsonSerializer.Serialize(new { task_name = name, run, task_index = item, retry_count = retry });

    // As a replica applies rows: without triggers, so that no conductor hears of what it did not start.
    async Task<long> WriteAsync(string sql, object parameters)
    {
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);
        await connection.ExecuteAsync("set session_replication_role = replica");
        try
        {
            return await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, parameters, cancellationToken: Waiting.SoonEnough));
        }
        finally
        {
            await connection.ExecuteAsync("reset session_replication_role");
        }
    }
}
