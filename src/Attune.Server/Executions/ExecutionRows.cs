using System.Text.Json;
using Attune.Server.Dispatch;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Executions;

/// <summary>New executions as rows of a statement in bulk: pieces of SQL and their parameters, for whoever stores executions.</summary>
static class ExecutionRows
{
    /// <summary>The rows as they are sent; `position` counts from 1.</summary>
    public const string Input = """
        unnest(
                @actions::bigint[], @refs::text[], @configs::text[], @executors::bigint[], @priorities::smallint[],
                @timeouts::bigint[], @labels::text[], @env_vars::text[], @digests::text[], @at_least_once::bool[],
                @max_attempts::int[], @retries::text[], @reruns::bigint[], @workers::bigint[], @worker_names::text[],
                @placements::text[])
                with ordinality as t (
                    action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, release_digest,
                    at_least_once, max_attempts, retry, rerun_of, worker, worker_name, placement, position)
        """;

    public const string Columns = """
        action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, release_digest,
                at_least_once, max_attempts, retry, rerun_of, status, worker_name, attempt, scheduled_at, created, updated
        """;

    public const string Values = """
        action, action_ref, config::jsonb, nullif(executor, 0), priority, timeout_ms, worker_labels::jsonb, env_vars::jsonb,
                release_digest, at_least_once, max_attempts, retry::jsonb, rerun_of,
                (case when worker is null then 'requested' else 'scheduled' end)::attune.execution_status_enum,
                worker_name, case when worker is null then 0 else 1 end, case when worker is null then null else @now end,
                @now, @now
        """;

    public const string QueueColumns = "execution, worker, attempt, priority, placement, run_after, at_least_once";

    /// <summary>Behind the execution's id.</summary>
    public const string QueueValues
        = "input.worker, case when input.worker is null then 0 else 1 end, input.priority, input.placement, @now, input.at_least_once";

    /// <summary>Beside <see cref="Input"/> where some of the rows are workflows: the position in it, and whether the row is one.</summary>
    public const string WorkflowInput = "unnest(@workflows::bool[]) with ordinality as w (is_workflow, position)";

    /// <summary>
    /// Follows `input`, which has `id`, `action`, `is_workflow`, `depth`, and `stored`: what makes executions runs of workflows, and what
    /// begins them. A workflow whose definition is gone meanwhile has no graph, and the statement is refused.
    /// </summary>
    public const string Conducted = """
        conducted as (
            insert into workflow_execution (execution, workflow_def, task_graph, graph_digest, depth, created, updated)
            select i.id, d.id, d.definition, coalesce(d.graph_digest, ''), i.depth, @now, @now
            from input i
            left join action a on a.id = i.action
            left join workflow_definition d on d.id = a.workflow_def
            where i.is_workflow
            order by i.position
            returning id
        ),
        begun as (
            insert into workflow_happening (workflow_execution, kind, created, updated)
            select id, 'started', @now, @now
            from conducted
            order by id
        )
        """;

    /// <param name="parameters">Gets every parameter that the pieces name.</param>
    /// <param name="items">One row each.</param>
    /// <param name="executors">0 for nobody.</param>
    /// <param name="reserved">Where each leaves for; null waits.</param>
    /// <param name="now">When they are made.</param>
    public static void AddTo(
        NpgsqlParameterCollection parameters, NewExecution[] items, long[] executors, AgentSession?[] reserved, DateTimeOffset now)
    {
        void Add<T>(string name, NpgsqlDbType type, Func<NewExecution, T> value)
            => parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = Array.ConvertAll(items, item => value(item)) });

        Add("actions", NpgsqlDbType.Bigint, item => item.Action.Id);
        Add("refs", NpgsqlDbType.Text, item => item.Action.Ref);
        Add("configs", NpgsqlDbType.Text, item => item.Config);
        parameters.Add(new("executors", NpgsqlDbType.Bigint | NpgsqlDbType.Array) { Value = executors });
        Add("priorities", NpgsqlDbType.Smallint, item => item.Priority);
        Add("timeouts", NpgsqlDbType.Bigint, item => (long)item.Timeout.TotalMilliseconds);
        Add("labels", NpgsqlDbType.Text, item => ToJson(item.WorkerLabels));
        Add("env_vars", NpgsqlDbType.Text, item => ToJson(item.EnvVars));
        Add("digests", NpgsqlDbType.Text, item => item.Action.ReleaseDigest);
        Add("at_least_once", NpgsqlDbType.Boolean, item => item.Action.AtLeastOnce);
        Add("max_attempts", NpgsqlDbType.Integer, item => item.Action.RetryPolicy.MaxAttempts);
        Add("retries", NpgsqlDbType.Text, item => item.Action.RetryJson);
        Add("reruns", NpgsqlDbType.Bigint, item => item.RerunOf);
        parameters.Add(new("workers", NpgsqlDbType.Bigint | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(reserved, session => session?.WorkerId),
        });
        parameters.Add(new("worker_names", NpgsqlDbType.Text | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(reserved, session => session?.Name),
        });
        Add("placements", NpgsqlDbType.Text, item => item.Requirement.Key);
        parameters.Add(new("now", NpgsqlDbType.TimestampTz) { Value = now });
    }

    /// <summary>Adds what <see cref="WorkflowInput"/> names.</summary>
    public static void AddWorkflowsTo(NpgsqlParameterCollection parameters, NewExecution[] items)
        => parameters.Add(new("workflows", NpgsqlDbType.Boolean | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(items, item => item.Action.IsWorkflow),
        });

    static string ToJson(IReadOnlyDictionary<string, string> map)
        => map.Count == 0 ? "{}" : JsonSerializer.Serialize(map);
}
