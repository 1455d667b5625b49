using Attune.Server.Executions;
using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>Filters of ListInquiries; null or empty means "any".</summary>
sealed record InquiryFilter
{
    public required Caller Caller { get; init; }
    public string[] Statuses { get; init; } = [];

    /// <summary>Only those that the caller may answer at this moment.</summary>
    public DateTimeOffset? AnswerableAt { get; init; }
    public long? WorkflowExecution { get; init; }
    public string? ActionRef { get; init; }
    public string? PackRef { get; init; }
    public DateTimeOffset? CreatedAfter { get; init; }
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>Only ids below it.</summary>
    public long Before { get; init; } = long.MaxValue;
    public required int Limit { get; init; }

    /// <summary>No row follows once prompts and schemas have so many bytes.</summary>
    public required long BytesMax { get; init; }
}

/// <summary>Reads questions. What changes them lies beside the use case that does.</summary>
sealed class InquiryStore(NpgsqlDataSource db)
{
    // What one answer of the API may carry, far below the 4 MB that clients take.
    const long AnswerBytesMax = 3 << 20;

    const string IsAssigned = """
        (
            cardinality(i.assignee_logins) = 0 and cardinality(i.assignee_permission_sets) = 0 and i.assigned_to is null
            or i.assigned_to = @Identity
            or exists (select from unnest(i.assignee_logins) named where lower(named) = lower(@Login))
            or exists (
                select
                from permission_assignment held
                join permission_set s on s.id = held.permset
                where held.identity = @Identity and s.ref = any(i.assignee_permission_sets))
        )
        """;

    const string IsStarter = $"""
        (
            i.no_self_answer
            and exists (
                with recursive above as (
                    select x.id, x.parent, x.executor, x.enforcement, 0 as depth from execution x where x.id = i.execution
                    union
                    {WhoStarted.Above}
                )
                {WhoStarted.IsAmong})
        )
        """;

    const string HasAnswered = "exists (select from inquiry_answer a where a.inquiry = i.id and a.identity = @Identity and a.counted)";

    const string Select = $"""
        select i.id, i.execution, e.parent as workflow_execution, e.action_ref, p.action_ref as workflow_ref,
            e.workflow_task ->> 'task_name' as task_name, i.status::text as status, i.prompt, i.response_schema::text as response_schema,
            i.assignee_logins, i.assignee_permission_sets, i.quorum, i.no_self_answer, i.timeout_at, i.reminder_ms, i.notice_count,
            i.reminded_at, i.created, coalesce(i.responded_at, i.finished_at) as finished_at, e.status = 'running' as is_awaited,
            {IsAssigned} as is_assigned, {IsStarter} as is_starter, {HasAnswered} as has_answered
        from inquiry i
        join execution e on e.id = i.execution
        left join execution p on p.id = e.parent
        """;

    const string FindOne = $"""
        {Select}
        where i.id = @id
        """;

    /// <summary>As it stands to this caller; whether they may see it is not asked.</summary>
    public async Task<InquiryRow?> FindAsync(long id, Caller caller, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<InquiryRow>(new CommandDefinition(
            FindOne, new { id, caller.Login, Identity = caller.IdentityId }, cancellationToken: ct));
    }

    // Those that counted go before those that did not, should there be more than fit.
    const string SelectAnswers = """
        select id, login, response, counted, created
        from (
            select a.id, a.login, a.response::text as response, a.counted, a.created,
                sum(octet_length(a.response::text) + 200) over (order by a.counted desc, a.id) as bytes
            from inquiry_answer a
            where a.inquiry = @id
        ) measured
        where bytes <= @bytesMax
        order by id
        """;

    /// <summary>Oldest first, as many as fit into one answer.</summary>
    public async Task<IReadOnlyList<InquiryAnswerRow>> ListAnswersAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<InquiryAnswerRow>(new CommandDefinition(
            SelectAnswers, new { id, bytesMax = AnswerBytesMax }, cancellationToken: ct))).AsList();
    }

    // Each filter is a condition only when it is given, so that the planner sees the ones in use; the texts are constants.
    public async Task<IReadOnlyList<InquiryRow>> ListAsync(InquiryFilter filter, CancellationToken ct)
    {
        var conditions = new List<string> { "i.id < @Before" };
        var readable = filter.Caller.PacksFor("inquiries", "read")?.ToArray();
        var answerable = filter.Caller.PacksFor("inquiries", "respond")?.ToArray();
        if (readable is not null)
            conditions.Add("split_part(e.action_ref, '.', 1) = any(@Readable)");
        if (filter.Statuses.Length > 0)
            conditions.Add("i.status = any(@Statuses::attune.inquiry_status_enum[])");
        if (filter.AnswerableAt is not null)
        {
            if (filter.Caller.ExecutionId is not null)
                return [];
            if (answerable is not null)
                conditions.Add("split_part(e.action_ref, '.', 1) = any(@Answerable)");
            conditions.Add("i.status = 'pending'");
            conditions.Add("(i.timeout_at is null or i.timeout_at > @AnswerableAt)");
            conditions.Add("e.status = 'running'");
            conditions.Add(IsAssigned);
            conditions.Add($"not {HasAnswered}");
            conditions.Add($"not {IsStarter}");
        }

        if (filter.WorkflowExecution is not null)
            conditions.Add("e.parent = @WorkflowExecution");
        if (filter.ActionRef is not null)
            conditions.Add("coalesce(p.action_ref, e.action_ref) = @ActionRef");
        if (filter.PackRef is not null)
            conditions.Add("split_part(e.action_ref, '.', 1) = @PackRef");
        if (filter.CreatedAfter is not null)
            conditions.Add("i.created > @CreatedAfter");
        if (filter.CreatedBefore is not null)
            conditions.Add("i.created < @CreatedBefore");

        var sql = $"""
            with page as (
                {Select}
                where {string.Join("\n  and ", conditions)}
                order by i.id desc
                limit @Limit
            ),
            measured as (
                select *, count(*) over ()::int as page_rows,
                    coalesce(
                        sum(octet_length(prompt) + coalesce(octet_length(response_schema), 0))
                            over (order by id desc rows between unbounded preceding and 1 preceding),
                        0) as bytes
                from page
            )
            select *
            from measured
            where bytes < @BytesMax
            order by id desc
            """;
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<InquiryRow>(new CommandDefinition(
            sql,
            new
            {
                filter.Caller.Login,
                Identity = filter.Caller.IdentityId,
                filter.Statuses,
                filter.AnswerableAt,
                filter.WorkflowExecution,
                filter.ActionRef,
                filter.PackRef,
                filter.CreatedAfter,
                filter.CreatedBefore,
                filter.Before,
                filter.Limit,
                filter.BytesMax,
                Readable = readable,
                Answerable = answerable,
            },
            cancellationToken: ct))).AsList();
    }

    const string SelectNextDue = """
        select least(
            (select min(timeout_at) from inquiry where status = 'pending' and timeout_at is not null),
            (select min(notice_at) from inquiry where status = 'pending' and notice_at is not null))
        """;

    /// <summary>When the next one times out or is to be told; null while none ever will.</summary>
    public async Task<DateTimeOffset?> FindNextDueAsync(CancellationToken ct)
    {
        await using var command = db.CreateCommand(SelectNextDue);
        return await command.ExecuteScalarAsync(ct) is DateTime next ? new DateTimeOffset(next) : null;
    }

    public static Failure NotFound(long id) => Failure.NotFound("INQUIRY_NOT_FOUND", $"No inquiry {id} that you may see.");
}
