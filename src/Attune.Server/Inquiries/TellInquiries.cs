using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Server.Events;
using Attune.V1;
using Dapper;
using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>
/// Tells of questions: of each once as it is asked, and again as often as its reminder says. Telling is an event, which a rule may carry to
/// where people look, and for a reminder a line of the feed; both in the transaction that moves the inquiry on, so each happens once.
/// </summary>
sealed partial class TellInquiries(NpgsqlDataSource db, RecordEvents events, TimeProvider clock, ILogger<TellInquiries> logger)
{
    public const string CreatedTrigger = "core.inquiry_created";
    public const string ReminderTrigger = "core.inquiry_reminder";

    const int InquiriesPerRound = 500;

    // Rules may take their time; timeouts are looked after by the same loop, and what is left comes next.
    static readonly TimeSpan PreparingMax = TimeSpan.FromSeconds(5);

    const string SelectDue = """
        select i.id, i.execution, e.parent as workflow_execution, e.action_ref, p.action_ref as workflow_ref,
            e.workflow_task ->> 'task_name' as task_name, i.prompt, i.assignee_logins, i.assignee_permission_sets, i.quorum, i.timeout_at,
            i.notice_count
        from inquiry i
        join execution e on e.id = i.execution
        left join execution p on p.id = e.parent
        where i.status = 'pending'
          and i.notice_at <= @now
        order by i.notice_at, i.id
        limit @limit
        """;

    // Of those that were found the ones that nobody else has told of, or is answering, since.
    const string Claim = """
        select i.id
        from inquiry i
        join unnest(@ids::bigint[], @counts::int[]) as found (id, notice_count) using (id, notice_count)
        where i.status = 'pending'
          and i.notice_at <= @now
        order by i.id
        for no key update of i skip locked
        """;

    // The next reminder is an interval from now: however long nobody was there to send them, they do not come in a row.
    const string Advance = """
        update inquiry
        set notice_count = notice_count + 1,
            reminded_at = case when notice_count > 0 then @now else reminded_at end,
            notice_at = @now + reminder_ms * interval '1 millisecond'
        where id = any(@ids)
        """;

    const string WriteFeed = "select attune.write_changes('inquiry', 'reminded', 'pending', @ids, @refs)";

    sealed record Due
    {
        public required long Id { get; init; }
        public required long Execution { get; init; }
        public long? WorkflowExecution { get; init; }
        public required string ActionRef { get; init; }
        public string? WorkflowRef { get; init; }
        public string? TaskName { get; init; }
        public required string Prompt { get; init; }
        public required string[] AssigneeLogins { get; init; }
        public required string[] AssigneePermissionSets { get; init; }
        public required int Quorum { get; init; }
        public DateTimeOffset? TimeoutAt { get; init; }
        public required int NoticeCount { get; init; }
    }

    /// <summary>What is due and not held by others, as far as its time allows.</summary>
    /// <returns>How many.</returns>
    public async Task<int> RunAsync(DateTimeOffset now, CancellationToken ct)
    {
        var limit = InquiriesPerRound;
        for (var total = 0; ;)
        {
            int told;
            try
            {
                told = await TellAsync(now, limit, hasEvents: true, ct);
            }
            catch (Exception exception) when (!IsPassing(exception) && !ct.IsCancellationRequested)
            {
                // One whose event cannot be stored must not silence the others: each by itself, and that one without an event.
                if (limit > 1)
                {
                    limit = 1;
                    continue;
                }

                LogEventFailed(exception);
                told = await TellAsync(now, limit, hasEvents: false, ct);
            }

            total += told;
            if (told < limit)
                return total;
        }
    }

    async Task<int> TellAsync(DateTimeOffset now, int limit, bool hasEvents, CancellationToken ct)
    {
        // Before anything is locked: rules and triggers may have to be read, and all other connections may be waiting for these very rows.
        var due = await ListDueAsync(now, limit, ct);
        if (due.Count == 0)
            return 0;
        IReadOnlyList<(long Inquiry, PreparedEvent Event)> prepared = [];
        if (hasEvents)
            (due, prepared) = await PrepareAsync(due, ct);

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var claimed = (await connection.QueryAsync<long>(new CommandDefinition(
            Claim,
            new { now, ids = due.Select(each => each.Id).ToArray(), counts = due.Select(each => each.NoticeCount).ToArray() },
            cancellationToken: ct))).ToHashSet();
        var stored = await events.StoreWithinAsync(
            connection, transaction, [.. prepared.Where(each => claimed.Contains(each.Inquiry)).Select(each => each.Event)], ct);
        try
        {
            await AdvanceAsync(connection, [.. due.Where(each => claimed.Contains(each.Id))], now, ct);

            // Not to be interrupted: nobody would know whether it happened.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch
        {
            stored.Abandon();
            throw;
        }

        stored.Deliver();
        return claimed.Count;
    }

    async Task<IReadOnlyList<Due>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Due>(new CommandDefinition(SelectDue, new { now, limit }, cancellationToken: ct))).AsList();
    }

    // As many of those that are due as the time allows, one at least.
    async Task<(IReadOnlyList<Due> Due, IReadOnlyList<(long Inquiry, PreparedEvent Event)> Prepared)> PrepareAsync(
        IReadOnlyList<Due> due, CancellationToken ct)
    {
        var (begun, looked) = (clock.GetTimestamp(), 0);
        var prepared = new List<(long, PreparedEvent)>(due.Count);
        foreach (var inquiry in due)
        {
            if (looked > 0 && clock.GetElapsedTime(begun) > PreparingMax)
                break;
            looked++;
            var ready = await events.PrepareAsync(EventOf(inquiry), ct);
            if (ready.IsOk(out var happened, out var failure))
                prepared.Add((inquiry.Id, happened));
            else
                LogUntold(inquiry.Id, failure.Message);
        }

        return (looked == due.Count ? due : [.. due.Take(looked)], prepared);
    }

    static async Task AdvanceAsync(NpgsqlConnection connection, IReadOnlyList<Due> told, DateTimeOffset now, CancellationToken ct)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            Advance, new { now, ids = told.Select(each => each.Id).ToArray() }, cancellationToken: ct));
        var reminders = told.Where(each => each.NoticeCount > 0).ToList();
        if (reminders.Count == 0)
            return;

        await connection.ExecuteAsync(new CommandDefinition(
            WriteFeed,
            new { ids = reminders.ConvertAll(each => each.Id).ToArray(), refs = reminders.ConvertAll(each => each.ActionRef).ToArray() },
            cancellationToken: ct));
    }

    static NewEvent EventOf(Due inquiry) => new()
    {
        TriggerRef = inquiry.NoticeCount == 0 ? CreatedTrigger : ReminderTrigger,
        Origin = EventOrigin.System,
        IdempotencyKey = $"inquiry:{inquiry.Id}:{inquiry.NoticeCount}",
        Payload = PayloadOf(inquiry),
    };

    static byte[] PayloadOf(Due inquiry)
    {
        var payload = new JsonObject
        {
            ["inquiry_id"] = inquiry.Id,
            ["execution_id"] = inquiry.Execution,
            ["workflow_execution_id"] = inquiry.WorkflowExecution ?? 0,
            ["action_ref"] = inquiry.WorkflowRef ?? inquiry.ActionRef,
            ["task_name"] = inquiry.TaskName ?? "",
            ["prompt"] = inquiry.Prompt,
            ["assignee_logins"] = new JsonArray([.. inquiry.AssigneeLogins.Select(each => JsonValue.Create(each))]),
            ["assignee_permission_sets"] = new JsonArray([.. inquiry.AssigneePermissionSets.Select(each => JsonValue.Create(each))]),
            ["quorum"] = inquiry.Quorum,
        };
        if (inquiry.TimeoutAt is { } timeoutAt)
            payload["timeout_at"] = timeoutAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
        if (inquiry.NoticeCount > 0)
            payload["reminder"] = inquiry.NoticeCount;
        return JsonSerializer.SerializeToUtf8Bytes(payload);
    }

    // The database is away, or a rule was deleted between asking and storing: all of it again, a little later.
    static bool IsPassing(Exception exception) => exception is NpgsqlException { IsTransient: true }
        or PostgresException { SqlState: PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.DeadlockDetected };

    [LoggerMessage(Level = LogLevel.Information, Message = "Inquiry {Inquiry} is open, and no event tells of it: {Problem}")]
    partial void LogUntold(long inquiry, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "The event that tells of an inquiry could not be stored; the inquiry is open without it")]
    partial void LogEventFailed(Exception exception);
}
