using System.Text.Json;
using Attune.Engine.Workflows;
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
    // The lock that conducting takes too: what is decided under it is still so when the happening is taken.
    const string Lock = "select id from workflow_execution where execution = @execution for no key update";

    // A statement of its own, which sees what was committed before the lock came. What happened already and is not taken yet counts as taken.
    const string Post = """
        with target as (
            select w.id, w.broken,
                w.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
                    and not exists (
                        select from workflow_happening h where h.workflow_execution = w.id and h.kind in ('rerun', 'edit')) as finished,
                e.status = 'canceling' or coalesce((w.state ->> 'status')::int = @ending, false) as ending,
                e.parent is not null and e.workflow_task is not null as is_task,
                coalesce((
                    select h.kind = 'pause'
                    from workflow_happening h
                    where h.workflow_execution = w.id
                      and h.kind in ('pause', 'resume')
                    order by h.id desc
                    limit 1), w.paused) as paused,
                (
                    select min(c.id)
                    from execution c
                    where @kind = 'edit'
                      and c.parent = e.id
                      and c.status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling')
                      and c.workflow_task ->> 'task_name' = any(@tasks)
                      and (@item < 0 or (c.workflow_task ->> 'task_index')::int = @item)) as running
            from workflow_execution w
            join execution e on e.id = w.execution
            where w.execution = @execution
        ),
        decided as (
            select id, paused, running,
                case
                    when @kind in ('pause', 'resume') and finished then 'WORKFLOW_FINISHED'
                    when @kind in ('rerun', 'edit') and finished and is_task then 'PARENT_FINISHED'
                    when @kind in ('rerun', 'edit') and broken then 'WORKFLOW_BROKEN'
                    when @kind in ('rerun', 'edit') and finished then null
                    when @kind = 'edit' and running is not null then 'TASK_RUNNING'
                    when @kind in ('pause', 'edit') and ending then 'WORKFLOW_ENDING'
                    when @kind = 'resume' and (ending or not paused) then 'WORKFLOW_NOT_PAUSED'
                    when @kind = 'rerun' or (@kind = 'edit' and not paused) then 'WORKFLOW_RUNNING'
                end as refusal
            from target
        ),
        taken as (
            select id
            from decided
            where refusal is null
              and not (@kind = 'pause' and paused)
        ),
        posted as (
            insert into workflow_happening (workflow_execution, kind, detail, created)
            select id, @kind, @detail::jsonb, @now
            from taken
        ),
        recorded as (
            insert into workflow_edit (workflow_execution, identity, login, kind, tasks, reason, value, created)
            select id, nullif(@identity, 0), @login, @record, @tasks, nullif(@reason, ''), @recorded::jsonb, @now
            from taken
            returning id
        )
        select id, refusal, running, (select id from recorded) as record
        from decided
        """;

    // A task whose end was not taken when the pause was asked for may have ended the workflow first.
    const string FindUnpaused = """
        with unpaused as (
            select id, status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned') as finished
            from workflow_execution
            where id = @id
              and not paused
              and (state ->> 'status')::int >= @ending
        ),
        forgotten as (
            delete from workflow_edit
            where id = @record
              and exists (select from unpaused)
        )
        select case when finished then 'WORKFLOW_FINISHED' else 'WORKFLOW_ENDING' end
        from unpaused
        """;

    /// <summary>Ends when the workflow has taken it.</summary>
    /// <returns>
    /// The workflow's execution as it stands then, or EXECUTION_NOT_FOUND, NOT_A_WORKFLOW, WORKFLOW_FINISHED, WORKFLOW_ENDING,
    /// WORKFLOW_NOT_PAUSED, WORKFLOW_RUNNING, TASK_RUNNING, WORKFLOW_BROKEN, PARENT_FINISHED.
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
            return Refuse(refusal, operation, posted.Running);
        }

        await conduct.RunOneAsync(posted.Id, ct);
        if (operation.Kind is OperationKind.Pause && await FindUnpausedAsync(posted, ct) is { } unpaused)
            return Refuse(unpaused, operation, null);
        return await executions.FindAsync(id, ct) is { } after ? after : ExecutionStore.NotFound([id]);
    }

    async Task<Posted?> PostAsync(Caller caller, WorkflowOperation operation, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Lock, new { execution = operation.ExecutionId }, transaction, cancellationToken: ct));
        var posted = await connection.QuerySingleOrDefaultAsync<Posted>(new CommandDefinition(
            Post,
            new
            {
                execution = operation.ExecutionId,
                ending = (int)WorkflowStatus.Ending,
                item = operation.Item,
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
            transaction,
            cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return posted;
    }

    async Task<string?> FindUnpausedAsync(Posted posted, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            FindUnpaused, new { posted.Id, posted.Record, ending = (int)WorkflowStatus.Ending }, cancellationToken: ct));
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

    static Failure Refuse(string refusal, WorkflowOperation operation, long? running)
    {
        var id = operation.ExecutionId;
        return new(FailureKind.Refused, refusal, refusal switch
        {
            "WORKFLOW_FINISHED" => $"Workflow execution {id} has ended. To run tasks of it again, rerun them.",
            "WORKFLOW_ENDING" => $"Workflow execution {id} is about to end: it was cancelled or has failed, and waits only for what still runs.",
            "WORKFLOW_BROKEN" =>
                $"Workflow execution {id} failed because it could not be carried on, so nothing can go on from where it stands. Start it again: attune execution rerun {id}",
            "WORKFLOW_NOT_PAUSED" => $"Workflow execution {id} is not paused.",
            "WORKFLOW_RUNNING" when operation.Kind is OperationKind.Rerun
                => $"Workflow execution {id} is running. Wait for its end, or pause it and change the task instead: attune workflow edit {id}",
            "WORKFLOW_RUNNING" => $"Workflow execution {id} is running. Pause it first, or wait for its end.",
            "TASK_RUNNING" => $"Task {operation.Tasks[0]} is running. Wait for its end, or stop it: attune execution cancel {running}",
            _ => $"Execution {id} is a task of another workflow, which goes on from its end. Change that task of that workflow instead.",
        });
    }

    sealed record Posted
    {
        public required long Id { get; init; }
        public string? Refusal { get; init; }

        /// <summary>An execution of the task that has not ended.</summary>
        public long? Running { get; init; }

        /// <summary>Who asked for it, on record.</summary>
        public long? Record { get; init; }
    }
}
