using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Server.Events;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.V1;
using Dapper;
using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>
/// Takes an answer. The one that reaches the quorum ends the inquiry and its execution in the same transaction; that the execution ended is
/// what its workflow hears. Whoever comes later, by a race too, is kept and counts for nothing.
/// </summary>
sealed class RespondInquiry(NpgsqlDataSource db, InquiryStore store, ExecutionChanges changes, TimeProvider clock)
{
    const int ResponseBytesMax = 64 << 10;

    // Of one person who answers what is over, again and again.
    const int LateAnswersMax = 10;


    // After the locks and in a statement of its own, whose snapshot has every answer that was given before.
    const string Answer = """
        with present as (
            select i.id, i.execution, i.quorum,
                i.status = 'pending' and (i.timeout_at is null or i.timeout_at > @now) and e.status = 'running' as is_open,
                exists (select from inquiry_answer a where a.inquiry = i.id and a.identity = @identity and a.counted) as has_answered,
                (select count(*) from inquiry_answer a where a.inquiry = i.id and a.identity = @identity and not a.counted) as late
            from inquiry i
            join execution e on e.id = i.execution
            where i.id = @id
        ),
        given as (
            insert into inquiry_answer (inquiry, identity, login, response, counted, created)
            select id, @identity, @login, @response::jsonb, is_open, @now
            from present
            where case when is_open then not has_answered else late < @lateMax end
            returning inquiry, login, response, counted, created
        ),
        counted as (
            select a.id, a.login, a.response, a.created
            from inquiry_answer a
            where a.inquiry = @id and a.counted
            union all
            select null, login, response, created
            from given
            where counted
        ),
        over as (
            update inquiry i
            set status = 'responded',
                response = (select c.response from counted c order by c.id nulls last limit 1),
                responded_at = @now
            from present
            where i.id = present.id
              and exists (select from given where counted)
              and (select count(*) from counted) >= present.quorum
            returning i.execution, i.response
        ),
        ended as (
            update execution e
            set status = 'completed',
                finished_at = @now,
                result = over.response || jsonb_build_object('answers', (
                    select jsonb_agg(
                        jsonb_build_object(
                            'login', c.login,
                            'response', c.response,
                            'at', to_char(c.created at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                        order by c.id nulls last)
                    from counted c))
            from over
            where e.id = over.execution
        )
        select is_open, has_answered, exists (select from over) as is_over
        from present
        """;

    sealed record Taken
    {
        public required bool IsOpen { get; init; }
        public required bool HasAnswered { get; init; }
        public required bool IsOver { get; init; }
    }

    /// <param name="caller">Who answers.</param>
    /// <param name="id">Of the inquiry.</param>
    /// <param name="response">JSON object, UTF-8.</param>
    /// <param name="ct">Ends it before the commit.</param>
    /// <returns>The inquiry after the commit.</returns>
    public async Task<Result<InquiryRow>> RunAsync(Caller caller, long id, ReadOnlyMemory<byte> response, CancellationToken ct)
    {
        var inquiry = await store.FindAsync(id, caller, ct);
        if (inquiry is null || !(caller.May("inquiries", "read", inquiry.PackRef) || caller.May("inquiries", "respond", inquiry.PackRef)))
            return InquiryStore.NotFound(id);
        if (MayAnswer.RefuseCaller(inquiry, caller) is { } refused)
            return refused;

        var violations = new List<Violation>();
        var valid = Check(inquiry, response, violations);
        if (violations.Count > 0)
            return Failure.Invalid("RESPONSE_INVALID", violations);

        var taken = await WriteAsync(inquiry, caller, Encoding.UTF8.GetString(valid.Span), ct);
        if (taken.IsOver)
            changes.Status.Publish([inquiry.Execution]);

        var after = await store.FindAsync(id, caller, ct) ?? inquiry;
        return !taken.IsOpen ? MayAnswer.Finished(after, clock.GetUtcNow())
            : taken.HasAnswered ? MayAnswer.AlreadyAnswered(after)
            : after;
    }

    static ReadOnlyMemory<byte> Check(InquiryRow inquiry, ReadOnlyMemory<byte> response, List<Violation> violations)
    {
        if (response.Length > ResponseBytesMax)
        {
            violations.Add(new("response", $"has {response.Length} bytes of JSON; at most {ResponseBytesMax} are allowed."));
            return default;
        }

        // One that cannot be read was not written by us; then anything goes, because the workflow must be able to go on.
        var schema = inquiry.ResponseSchema is { } text ? Schema.Parse(JsonElement.Parse(text)).Schema : null;
        return EventPayload.Check(response, EventOrigin.Api, schema ?? Schema.Empty, "response", violations);
    }

    Task<Taken> WriteAsync(InquiryRow inquiry, Caller caller, string response, CancellationToken ct)
        => LockedInquiry.ChangeAsync(
            db, inquiry,
            connection => connection.QuerySingleAsync<Taken>(new CommandDefinition(
                Answer,
                new
                {
                    id = inquiry.Id,
                    identity = caller.IdentityId,
                    login = caller.Login,
                    response,
                    now = clock.GetUtcNow(),
                    lateMax = LateAnswersMax,
                },
                cancellationToken: ct)),
            ct);
}
