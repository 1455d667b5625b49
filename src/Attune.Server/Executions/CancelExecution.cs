using Attune.Server.Dispatch;
using Attune.Server.Hosting;
using Attune.Server.Inquiries;
using Attune.Server.Workflows;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>
/// Cancels at once what waits or asks people; what an agent holds becomes `canceling` until the agent says that nothing of it is left, and a
/// workflow until its tasks are over.
/// </summary>
sealed class CancelExecution(
    NpgsqlDataSource db, ExecutionStore store, ExecutionChanges changes, CancelRequests requests, StoreInquiries inquiries,
    WorkflowSignals workflows, TimeProvider clock)
{
    const int AttemptsMax = 5;

    // The queue row is the lock that dispatch takes too, so an execution is either still waiting here or already an agent's.
    const string Cancel = """
        with asked as (
            select execution, worker
            from execution_queue
            where execution = @id
            for update
        ),
        gone as (
            delete from execution_queue q
            using asked
            where q.execution = asked.execution
              and asked.worker is null
        ),
        marked as (
            update execution_queue q
            set cancel_requested_at = coalesce(q.cancel_requested_at, @now)
            from asked
            where q.execution = asked.execution
              and asked.worker is not null
        )
        update execution e
        set status = (case when asked.worker is null then 'cancelled' else 'canceling' end)::attune.execution_status_enum,
            finished_at = case when asked.worker is null then @now end,
            error = jsonb_build_object('reason', 'CANCELLED', 'message', @message)
        from asked
        where e.id = asked.execution
          and e.status in ('requested', 'scheduling', 'scheduled', 'running')
        """;

    // A workflow decides itself what its cancellation means for its tasks. It cannot end meanwhile: that takes this lock too.
    const string CancelWorkflow = """
        with asked as (
            update execution e
            set status = 'canceling', error = jsonb_build_object('reason', 'CANCELLED', 'message', @message)
            where e.id = @id
              and e.is_workflow
              and e.status in ('requested', 'running')
            returning e.id
        )
        insert into workflow_happening (workflow_execution, kind, detail, created, updated)
        select w.id, 'cancel', jsonb_build_object('reason', @message), @now, @now
        from asked
        join workflow_execution w on w.execution = asked.id
        """;

    // The execution that stands for a question.
    const string CancelInquiry = """
        update execution e
        set status = 'cancelled', finished_at = @now, error = jsonb_build_object('reason', 'CANCELLED', 'message', @message)
        where e.id = @id
          and not e.is_workflow
          and e.status = 'running'
          and exists (select from inquiry i where i.execution = e.id)
          and not exists (select from execution_queue q where q.execution = e.id)
        """;

    public async Task<Result<Execution>> RunAsync(Caller caller, long id, string reason, CancellationToken ct)
    {
        var execution = await store.FindAsync(id, ct);
        if (execution is null || !caller.May("executions", "read", execution.PackRef))
            return ExecutionStore.NotFound([id]);
        caller.Demand("executions", "cancel", execution.PackRef);
        if (execution.IsFinal)
            return execution;
        if (MayAnswer.RefuseExecution(caller) is { } refused && await IsQuestionAsync(id, ct))
            return refused;

        var message = $"Cancelled by {caller.Login}{(reason is "" ? "." : $": {reason}")}".Replace('\0', ' ');
        await WriteAsync(id, message, ct);

        requests.Wake();
        workflows.Wake();
        changes.Status.Publish([id]);
        return await store.FindAsync(id, ct) is { } after ? after : ExecutionStore.NotFound([id]);
    }

    async Task<bool> IsQuestionAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<bool>(
            new CommandDefinition("select exists (select from inquiry where execution = @id)", new { id }, cancellationToken: ct));
    }

    // Results lock the execution first and the queue second, a cancel the other way round: meeting one is rare, and tried again.
    async Task WriteAsync(long id, string message, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteOnceAsync(id, message, ct);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DeadlockDetected && attempt < AttemptsMax)
            {
                // The other side went through.
            }
        }
    }

    async Task WriteOnceAsync(long id, string message, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var now = clock.GetUtcNow();
        if (await RunAsync(Cancel) == 0 && await RunAsync(CancelWorkflow) == 0 && await RunAsync(CancelInquiry) > 0)
            await inquiries.CancelAsync(connection, [id], now, ct);
        await transaction.CommitAsync(ct);

        Task<int> RunAsync(string sql)
            => connection.ExecuteAsync(new CommandDefinition(sql, new { id, now, message }, transaction, cancellationToken: ct));
    }
}
