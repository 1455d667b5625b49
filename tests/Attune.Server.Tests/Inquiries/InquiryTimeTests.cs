using Attune.Server.Inquiries;
using Attune.Server.Tests.Feed;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static Attune.Server.Tests.Inquiries.InquiryBench;
using InquiryStatus = Attune.V1.InquiryStatus;

namespace Attune.Server.Tests.Inquiries;

/// <summary>Timeouts, reminders and what is told, on one replica and on several.</summary>
public sealed class InquiryTimeTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task When_nobody_answers_in_time_the_task_ends_as_timeout()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (id, other) = (await bench.AskAsync(Question(timeout: 60)), await bench.AskAsync(Question(timeout: 61)));
        await bench.AnnouncedAsync();

        await bench.AdvanceAsync(60);

        var shown = await bench.ShowAsync(id);
        Assert.Equal((InquiryStatus.Timeout, bench.Now), (shown.Status, shown.FinishedAt.ToDateTimeOffset()));
        Assert.Equal("""timeout {"reason": "TIMEOUT", "message": "Nobody answered in time."}""", await bench.OutcomeAsync(id));
        Assert.Equal(1, await bench.ToldAsync());
        Assert.Equal(InquiryStatus.Pending, (await bench.ShowAsync(other)).Status);
        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
        Assert.False(Assert.Single((await bench.ShowAsync(id)).Answers).Counted);
    }

    [Fact]
    public async Task A_quorum_that_was_not_reached_says_how_far_it_came()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(quorum: 2, timeout: 60));
        await bench.AsAdmin.RespondInquiryAsync(Answer(id));
        await bench.AnnouncedAsync();

        await bench.AdvanceAsync(60);

        Assert.Equal("""timeout {"reason": "TIMEOUT", "message": "1 of 2 people answered in time."}""", await bench.OutcomeAsync(id));
    }

    [Fact]
    public async Task Two_replicas_end_each_question_once()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AddReplicaAsync();
        await bench.AskAsync(await bench.StartWorkflowAsync(), 1500, index => Question(timeout: 60 + index % 3));
        await bench.AnnouncedAsync();

        for (var second = 60; second < 63; second++)
            await bench.AdvanceAsync(second == 60 ? 60 : 1);

        Assert.Equal(1500, await bench.ReadAsync<long>("select count(*) from execution where status = 'timeout'"));
        Assert.Equal(1500, await bench.ToldAsync());
        Assert.Equal(1500, await bench.ReadAsync<long>("select count(distinct execution) from told"));
        Assert.Equal(1500, (await bench.EventsAsync()).Count);
    }

    [Fact]
    public async Task An_answer_that_comes_as_the_time_runs_out_either_counts_or_does_not()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AddReplicaAsync();
        var ids = await bench.AskAsync(await bench.StartWorkflowAsync(), 40, _ => Question(timeout: 60));
        await bench.AnnouncedAsync();

        var answers = ids.Select(async id =>
        {
            try
            {
                await bench.AsAdmin.RespondInquiryAsync(Answer(id));
                return 1;
            }
            catch (RpcException refused) when (refused.Detail().Reason is "INQUIRY_FINISHED")
            {
                return 0;
            }
        }).ToList();
        await bench.AdvanceAsync(60);
        var taken = (await Task.WhenAll(answers)).Sum();

        Assert.Equal(taken, await bench.ReadAsync<long>("select count(*) from inquiry i join execution e on e.id = i.execution where i.status = 'responded' and e.status = 'completed'"));
        Assert.Equal(40 - taken, await bench.ReadAsync<long>("select count(*) from inquiry i join execution e on e.id = i.execution where i.status = 'timeout' and e.status = 'timeout'"));
        Assert.Equal(40, await bench.ToldAsync());
    }

    [Fact]
    public async Task An_answer_after_its_time_does_not_count_even_before_anybody_has_looked()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(timeout: 60));
        await bench.AnnouncedAsync();
        await using var holder = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var hold = await holder.BeginTransactionAsync(Soon);
        await using (var command = new Npgsql.NpgsqlCommand($"select from inquiry where id = {id} for no key update", holder))
            await command.ExecuteNonQueryAsync(Soon);

        bench.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Contains("time to answer", (await bench.ShowAsync(id)).NotAnswerableBecause, StringComparison.Ordinal);
        var answer = Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)));
        await hold.RollbackAsync(Soon);

        (await answer).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
        await Waiting.UntilAsync(
            async () =>
            {
                // Who found it held looks again after a second.
                bench.Clock.Advance(TimeSpan.FromSeconds(1));
                return (await bench.ShowAsync(id)).Status is InquiryStatus.Timeout;
            },
            "it times out", Soon);
    }

    [Fact]
    public async Task A_restart_keeps_timeouts_and_ends_what_ran_out_meanwhile()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (past, future) = (await bench.AskAsync(Question(timeout: 60)), await bench.AskAsync(Question(timeout: 600)));
        await bench.AnnouncedAsync();
        await bench.Server.App.StopAsync(Soon);

        bench.Clock.Advance(TimeSpan.FromSeconds(300));
        var next = await bench.AddReplicaAsync();
        var client = new InquiryService.InquiryServiceClient(next.With(await next.TokenForAsync("admin", Soon)));

        await Waiting.UntilAsync(
            async () => (await client.GetInquiryAsync(new() { InquiryId = past })).Inquiry.Status is InquiryStatus.Timeout, "the one of the past", Soon);
        Assert.Equal(InquiryStatus.Pending, (await client.GetInquiryAsync(new() { InquiryId = future })).Inquiry.Status);
        await bench.AdvanceAsync(300);
        Assert.Equal(InquiryStatus.Timeout, (await client.GetInquiryAsync(new() { InquiryId = future })).Inquiry.Status);
    }

    [Fact]
    public async Task A_question_is_told_by_an_event_and_again_at_each_reminder_until_it_is_answered()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AddReplicaAsync();
        var id = await bench.AskAsync(Question(identities: ["admin"], sets: ["core.admin"], timeout: 600, reminder: 30));
        await bench.AnnouncedAsync();

        await bench.AdvanceAsync(29);
        Assert.Equal([$"created {id}"], await bench.EventsAsync());
        await bench.AdvanceAsync(1);
        await bench.AdvanceAsync(30);
        Assert.Equal([$"created {id}", $"reminder {id} 1", $"reminder {id} 2"], await bench.EventsAsync());
        var shown = await bench.ShowAsync(id);
        Assert.Equal((2, bench.Now), (shown.ReminderCount, shown.RemindedAt.ToDateTimeOffset()));

        await bench.AsAdmin.RespondInquiryAsync(Answer(id));
        await bench.AdvanceAsync(60);
        Assert.Equal(3, (await bench.EventsAsync()).Count);
        Assert.Equal(
            $$"""system {"prompt": "Install it?", "quorum": 1, "reminder": 1, "task_name": "approve", "action_ref": "shop.deploy", "inquiry_id": {{id}}, "timeout_at": "2025-06-01T12:10:00Z", "execution_id": {{shown.ExecutionId}}, "assignee_logins": ["admin"], "workflow_execution_id": {{shown.WorkflowExecutionId}}, "assignee_permission_sets": ["core.admin"]}""",
            await bench.ReadAsync<string>("select origin || ' ' || payload::text from event where payload ->> 'reminder' = '1'"));
    }

    [Fact]
    public async Task Reminders_that_nobody_was_there_to_send_do_not_come_in_a_row()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(reminder: 10));
        await bench.AnnouncedAsync();

        bench.Clock.Jump(TimeSpan.FromHours(1));
        await bench.AdvanceAsync(0);

        Assert.Equal([$"created {id}", $"reminder {id} 1"], await bench.EventsAsync());
    }

    [Fact]
    public async Task A_rule_carries_a_question_to_where_people_look()
    {
        await using var bench = await InquiryBench.StartAsync();
        await new RuleService.RuleServiceClient(bench.Admin).CreateRuleAsync(new()
        {
            Rule = new()
            {
                Ref = "core.tell",
                Label = "Tell",
                TriggerRef = "core.inquiry_created",
                ActionRef = "core.echo",
                ActionParams = Json("""{"message": "{{ event.payload.task_name }}: {{ event.payload.prompt }}"}"""),
            },
        });

        await bench.AskAsync();
        await bench.AnnouncedAsync();

        Assert.Equal("""{"message": "approve: Install it?"}""", await bench.ReadAsync<string>("select config::text from execution where action_ref = 'core.echo'"));
    }

    [Fact]
    public async Task While_it_is_found_out_what_an_event_of_a_question_starts_the_question_can_be_answered()
    {
        await using var bench = await InquiryBench.StartAsync();
        await using var holder = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var hold = await holder.BeginTransactionAsync(Soon);
        bench.Server.Get<Attune.Server.Packs.PartCatalogs>().Forget();
        await using (var command = new Npgsql.NpgsqlCommand("lock table trigger, rule in access exclusive mode", holder))
            await command.ExecuteNonQueryAsync(Soon);
        var id = await bench.AskAsync();
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<bool>(
                "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"),
            "rules and triggers are asked for", Soon);

        Assert.Equal(InquiryStatus.Responded, (await bench.AsAdmin.RespondInquiryAsync(Answer(id))).Inquiry.Status);

        await hold.RollbackAsync(Soon);
        await bench.AdvanceAsync(60);
        Assert.Empty(await bench.EventsAsync());
    }

    [Fact]
    public async Task Where_the_trigger_is_gone_or_the_event_cannot_be_stored_questions_live_on_without_it()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before insert on event for each row when (new.payload ->> 'prompt' = 'Bad?') execute function refuse();
            """);
        var ids = await bench.AskAsync(await bench.StartWorkflowAsync(), 3, index => Question(index == 1 ? "Bad?" : "Good?", timeout: 60, reminder: 10));
        await bench.AnnouncedAsync();
        Assert.Equal([$"created {ids[0]}", $"created {ids[2]}"], await bench.EventsAsync());

        await bench.ExecuteAsync("update trigger set enabled = false where ref = 'core.inquiry_reminder'");
        await bench.AdvanceAsync(10);
        await bench.AdvanceAsync(50);

        Assert.Equal(3, await bench.ReadAsync<long>("select count(*) from inquiry where status = 'timeout'"));
    }

    [Fact]
    public async Task The_feed_shows_a_question_its_reminders_and_its_end()
    {
        await using var bench = await InquiryBench.StartAsync();
        var headers = new Metadata { { "authorization", $"Bearer {await bench.Server.TokenForAsync("admin", Soon)}" } };
        using var call = new FeedService.FeedServiceClient(bench.Server.Channel).Watch(new() { EntityTypes = { "inquiry" } }, headers);
        Assert.True(await call.ResponseStream.MoveNext(Soon));

        var id = await bench.AskAsync(Question(reminder: 10));
        await bench.AnnouncedAsync();
        await bench.AdvanceAsync(10);
        await bench.AsAdmin.RespondInquiryAsync(Answer(id));

        var seen = new List<string>();
        while (seen.Count < 3)
        {
            // Whoever gives positions takes a breath between two rounds.
            var next = call.ResponseStream.MoveNext(Soon);
            await Waiting.UntilAsync(
                () =>
                {
                    bench.Clock.Advance(TimeSpan.FromMilliseconds(10));
                    return next.IsCompleted;
                },
                "the next message", Soon);
            Assert.True(await next);
            seen.AddRange(call.ResponseStream.Current.Changes.Texts());
        }

        Assert.Equal(
            [$"inquiry {id} shop.inquiry created pending", $"inquiry {id} shop.inquiry reminded pending", $"inquiry {id} shop.inquiry status_changed responded"],
            seen);
    }

    [Fact]
    public async Task What_waits_for_days_costs_the_loop_nothing()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AskAsync(await bench.StartWorkflowAsync(), 1000, _ => Question(timeout: 1_000_000, reminder: 500_000));
        await bench.AnnouncedAsync();
        var loop = bench.Server.App.Services.GetServices<IHostedService>().OfType<InquiryLoop>().Single();
        var before = await ReadRowsAsync(bench);

        for (var round = 0; round < 10; round++)
            Assert.Equal(bench.Now.AddMinutes(1), await loop.RunOnceAsync(Soon));

        var read = await ReadRowsAsync(bench) - before;
        Assert.True(read < 100, $"ten rounds read {read} rows of 1000 questions");
    }

    static Task<long> ReadRowsAsync(InquiryBench bench)
        => bench.Server.CounterAsync("coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)", "inquiry", Soon);
}
