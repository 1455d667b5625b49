using Attune.Server.Executions;
using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>Withdraws a question: its task ends as cancelled, which a transition may handle.</summary>
sealed class CancelInquiry(NpgsqlDataSource db, InquiryStore store, ExecutionChanges changes, TimeProvider clock)
{
    const string Cancel = """
        with over as (
            update inquiry
            set status = 'cancelled', finished_at = @now
            where id = @id
              and status = 'pending'
            returning execution
        ),
        ended as (
            update execution e
            set status = 'cancelled',
                finished_at = @now,
                error = jsonb_build_object('reason', 'CANCELLED', 'message', @message)
            from over
            where e.id = over.execution
              and e.status = 'running'
        )
        select count(*)
        from over
        """;

    /// <returns>The inquiry after the commit.</returns>
    public async Task<Result<InquiryRow>> RunAsync(Caller caller, long id, string reason, CancellationToken ct)
    {
        var inquiry = await store.FindAsync(id, caller, ct);
        if (inquiry is null || !(caller.May("inquiries", "read", inquiry.PackRef) || caller.May("inquiries", "cancel", inquiry.PackRef)))
            return InquiryStore.NotFound(id);
        caller.Demand("inquiries", "cancel", inquiry.PackRef);
        if (MayAnswer.RefuseExecution(caller) is { } refused)
            return refused;

        var message = $"Withdrawn by {caller.Login}{(reason is "" ? "." : $": {reason}")}".Replace('\0', ' ');
        var isCancelled = await WriteAsync(inquiry, message, ct);
        if (isCancelled)
            changes.Status.Publish([inquiry.Execution]);

        var after = await store.FindAsync(id, caller, ct) ?? inquiry;
        return isCancelled ? after : MayAnswer.Finished(after, clock.GetUtcNow());
    }

    Task<bool> WriteAsync(InquiryRow inquiry, string message, CancellationToken ct)
        => LockedInquiry.ChangeAsync(
            db, inquiry,
            async connection => await connection.QuerySingleAsync<long>(new CommandDefinition(
                Cancel, new { id = inquiry.Id, message, now = clock.GetUtcNow() }, cancellationToken: ct)) > 0,
            ct);
}
