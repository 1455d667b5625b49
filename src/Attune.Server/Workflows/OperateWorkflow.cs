using System.Text.Json;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>
/// Pauses, resumes, reruns and edits. What is asked for becomes a happening, and a record of who asked, in one statement; then the workflow
/// is conducted here and now, so the answer shows what came of it.
/// </summary>
sealed class OperateWorkflow(
    NpgsqlDataSource db, ExecutionStore executions, ParameterSecrets secrets, ConductWorkflows conduct, WorkflowSignals signals,
    TimeProvider clock)
{
    // With the lock that conducting takes too: what is decided here is still so when the happening is taken.
    const string Post = """
        with target as (
            select w.id, w.paused, w.broken, w.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned') as finished,
                coalesce(p.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned'), false) as parent_finished,
                coalesce((
                    select h.kind = 'pause'
                    from workflow_happening h
                    where h.workflow_execution = w.id
                      and h.kind in ('pause', 'resume')
                    order by h.id desc
                    limit 1), w.paused) as will_be_paused
            from workflow_execution w
            join execution e on e.id = w.execution
            left join execution p on p.id = e.parent
            where w.execution = @execution
            for no key update of w
        ),
        decided as (
            select id,
                case
                    when @kind in ('pause', 'resume') and finished then 'WORKFLOW_FINISHED'
                    when @kind = 'resume' and not will_be_paused then 'WORKFLOW_NOT_PAUSED'
                    when @kind = 'rerun' and not finished then 'WORKFLOW_RUNNING'
                    when @kind = 'edit' and not finished and not will_be_paused then 'WORKFLOW_RUNNING'
                    when @kind in ('rerun', 'edit') and broken then 'WORKFLOW_BROKEN'
                    when @kind in ('rerun', 'edit') and finished and parent_finished then 'PARENT_FINISHED'
                end as refusal
            from target
        ),
        posted as (
            insert into workflow_happening (workflow_execution, kind, detail, created)
            select id, @kind, @detail::jsonb, @now
            from decided
            where refusal is null
        ),
        recorded as (
            insert into workflow_edit (workflow_execution, identity, login, kind, tasks, reason, value, created)
            select id, nullif(@identity, 0), @login, @record, @tasks, nullif(@reason, ''), @recorded::jsonb, @now
            from decided
            where refusal is null
        )
        select id, refusal
        from decided
        """;

    /// <summary>Ends when the workflow has taken it. What a task's state forbids changes nothing: whoever asks looks first.</summary>
    /// <returns>
    /// The workflow's execution as it stands then, or EXECUTION_NOT_FOUND, NOT_A_WORKFLOW, WORKFLOW_FINISHED, WORKFLOW_NOT_PAUSED,
    /// WORKFLOW_RUNNING, WORKFLOW_BROKEN, PARENT_FINISHED.
    /// </returns>
    public async Task<Result<Execution>> RunAsync(Caller caller, WorkflowOperation operation, CancellationToken ct)
    {
        var id = operation.ExecutionId;
        var execution = await executions.FindAsync(id, ct);
        if (execution is null || !caller.May("executions", "read", execution.PackRef))
            return ExecutionStore.NotFound([id]);
        caller.Demand("executions", operation.Kind is OperationKind.Pause or OperationKind.Resume ? "pause" : "edit", execution.PackRef);

        if (await PostAsync(caller, operation, ct) is not { } posted)
            return new Failure(FailureKind.Refused, "NOT_A_WORKFLOW", $"Execution {id} of {execution.ActionRef} is no workflow.");
        if (posted.Refusal is { } refusal)
        {
            // It was held for a moment, and who was told meanwhile that something happened to it passed over it.
            signals.Wake();
            return new Failure(FailureKind.Refused, refusal, Describe(refusal, id));
        }

        await conduct.RunOneAsync(posted.Id, ct);
        return await executions.FindAsync(id, ct) is { } after ? after : ExecutionStore.NotFound([id]);
    }

    async Task<Posted?> PostAsync(Caller caller, WorkflowOperation operation, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Posted>(new CommandDefinition(
            Post,
            new
            {
                execution = operation.ExecutionId,
                kind = KindOf(operation.Kind),
                record = RecordOf(operation.Kind),
                detail = DetailOf(operation),
                identity = caller.IdentityId,
                login = caller.Login,
                tasks = operation.Tasks.ToArray(),
                reason = operation.Reason.Replace('\0', ' '),
                recorded = operation.Recorded,
                now = clock.GetUtcNow(),
            },
            cancellationToken: ct));
    }

    string DetailOf(WorkflowOperation operation) => operation.Kind switch
    {
        OperationKind.Pause => JsonSerializer.Serialize(new { reason = operation.Reason.Replace('\0', ' ') }),
        OperationKind.Resume => "{}",
        OperationKind.Rerun => JsonSerializer.Serialize(new { tasks = operation.Tasks }),
        OperationKind.EditInput => JsonSerializer.Serialize(new
        {
            task = operation.Tasks[0],
            item = operation.Item,
            input = JsonElement.Parse(secrets.SealWhole(operation.Value ?? "{}")),
        }),
        OperationKind.EditResult => JsonSerializer.Serialize(new
        {
            task = operation.Tasks[0],
            item = operation.Item,
            result = JsonElement.Parse(operation.Value ?? "null"),
        }),
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };

    static string KindOf(OperationKind kind) => kind switch
    {
        OperationKind.Pause => "pause",
        OperationKind.Resume => "resume",
        OperationKind.Rerun => "rerun",
        _ => "edit",
    };

    static string RecordOf(OperationKind kind) => kind switch
    {
        OperationKind.EditInput => "edit_input",
        OperationKind.EditResult => "edit_result",
        _ => KindOf(kind),
    };

    static string Describe(string refusal, long id) => refusal switch
    {
        "WORKFLOW_FINISHED" => $"Workflow execution {id} has ended. To run tasks of it again, rerun them.",
        "WORKFLOW_NOT_PAUSED" => $"Workflow execution {id} is not paused.",
        "WORKFLOW_BROKEN" =>
            $"Workflow execution {id} failed because it could not be carried on, so nothing can go on from where it stands. Start it again: attune execution rerun {id}",
        "WORKFLOW_RUNNING" => $"Workflow execution {id} is running. Pause it first, or wait for its end.",
        _ => $"The workflow that called execution {id} has ended. Rerun the task of that workflow instead.",
    };

    sealed record Posted
    {
        public required long Id { get; init; }
        public string? Refusal { get; init; }
    }
}
