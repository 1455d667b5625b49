using Attune.Server.Events;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Events;

/// <summary>From an event to what it started, and back.</summary>
public sealed class ChainTests
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task An_event_starts_what_its_rules_say_and_can_be_walked_both_ways()
    {
        await using var bench = await ChainBench.StartAsync(
            ("rules/high.yaml", ChainBench.Rule),
            ("rules/low.yaml", ChainBench.Rule.Replace("on_high", "on_low").Replace("value: high", "value: low")),
            ("rules/many.yaml", ChainBench.Rule.Replace("on_high", "on_many").Replace("{field: severity, operator: equals, value: high}", "\"event.payload.count > 5\"")));
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);

        var emitted = await bench.EmitAsync("""{"host": "a.example", "severity": "high", "count": 3}""");
        Assert.False(emitted.Duplicate);
        var execution = Assert.Single(emitted.ExecutionIds);

        var item = await agent.NextItemAsync(Soon);
        Assert.Equal(execution, item.ExecutionId);
        Assert.Equal("""{"host":"a.example","times":3}""", item.Parameters.ToStringUtf8());
        await agent.FinishAsync(item, Outcome.Completed, Soon);

        var shown = await bench.EventAsync(emitted.EventId);
        Assert.Equal(("edge.seen", EventOrigin.Api, "admin", "a.example"), (shown.TriggerRef, shown.Origin, shown.SourceRef, shown.Payload.Fields["host"].StringValue));
        var enforcement = Assert.Single(shown.Enforcements);
        Assert.Equal(
            ("edge.on_high", "edge.act", execution, EnforcementStatus.Processed, shown.Id),
            (enforcement.RuleRef, enforcement.ActionRef, enforcement.ExecutionId, enforcement.Status, enforcement.EventId));
        Assert.Equal(3, enforcement.Parameters.Fields["times"].NumberValue);
        Assert.Equal(2, shown.UnmatchedCount);
        Assert.Equal(["edge.on_low", "edge.on_many"], shown.Unmatched.Select(each => each.RuleRef).Order());
        Assert.Contains("high", shown.Unmatched.Single(each => each.RuleRef == "edge.on_low").Why);
        Assert.Equal(enforcement, (await bench.Events.GetEnforcementAsync(new() { EnforcementId = enforcement.Id })).Enforcement);

        var started = await bench.ExecutionAsync(execution);
        Assert.Equal(("edge.on_high", shown.Id, enforcement.Id, ""), (started.RuleRef, started.EventId, started.EnforcementId, started.ExecutorLogin));
        foreach (var filter in new ListExecutionsRequest[] { new() { RuleRef = "edge.on_high" }, new() { EventId = shown.Id }, new() { EnforcementId = enforcement.Id } })
            Assert.Equal([execution], (await bench.Server.Executions.ListExecutionsAsync(filter)).Executions.Select(each => each.Id));
        Assert.Empty((await bench.Server.Executions.ListExecutionsAsync(new() { RuleRef = "edge.on_low" })).Executions);
    }

    [Fact]
    public async Task What_no_agent_has_room_for_waits_and_starts_when_one_comes()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        var emitted = await bench.EmitAsync(High);
        Assert.Equal(ExecutionStatus.Requested, (await bench.ExecutionAsync(emitted.ExecutionIds[0])).Status);

        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        Assert.Equal(emitted.ExecutionIds[0], (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task A_disabled_rule_is_recorded_as_met_and_starts_nothing()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await bench.Rules.DisableRuleAsync(new() { Ref = "edge.on_high" });
        var emitted = await bench.EmitAsync(High);
        Assert.Empty(emitted.ExecutionIds);
        var enforcement = Assert.Single((await bench.EventAsync(emitted.EventId)).Enforcements);
        Assert.Equal((EnforcementStatus.Disabled, 0L), (enforcement.Status, enforcement.ExecutionId));
        Assert.Null(enforcement.Error);

        // What does not match a disabled rule is no more its business than any other rule's.
        var unmatched = await bench.EventAsync((await bench.EmitAsync("""{"host": "a.example"}""")).EventId);
        Assert.Empty(unmatched.Enforcements);
        Assert.Equal(1, unmatched.UnmatchedCount);

        await bench.Rules.EnableRuleAsync(new() { Ref = "edge.on_high" });
        Assert.Single((await bench.EmitAsync(High)).ExecutionIds);
    }

    [Theory]
    [InlineData("CONDITION_FAILED", "conditions: [\"event.payload.token == 'x'\"]", "{}", "")]
    [InlineData("PARAMETERS_FAILED", "conditions: []", """{host: "{{ event.payload.token }}"}""", "")]
    [InlineData("PARAMETERS_INVALID", "conditions: []", """{host: a, times: "{{ event.payload.count * 1000 }}"}""", "")]
    [InlineData("ACTION_NOT_FOUND", "conditions: []", "{host: a}", "delete from action where ref = 'edge.act'")]
    [InlineData("ACTION_DISABLED", "conditions: []", "{host: a}", "update action set enabled = false where ref = 'edge.act'")]
    public async Task A_rule_that_can_start_nothing_says_why(string reason, string conditions, string parameters, string sql)
    {
        // A token that is not secret here, so that a message may name it.
        await using var bench = await ChainBench.StartAsync(
            ("triggers/seen.yaml", ChainBench.Trigger.Replace(", secret: true", "")),
            ("rules/odd.yaml", $"ref: edge.odd\ntrigger: edge.seen\n{conditions}\naction: edge.act\naction_params: {(parameters is "{}" ? "{host: a}" : parameters)}\n"));
        if (sql is not "")
        {
            await bench.Packs.ReadAsync<int>(sql);
            bench.Get<Attune.Server.Packs.PartCatalogs>().Forget();
        }

        var emitted = await bench.EmitAsync(High);
        Assert.Empty(emitted.ExecutionIds);
        var enforcement = Assert.Single((await bench.EventAsync(emitted.EventId)).Enforcements);
        Assert.Equal((EnforcementStatus.Processed, reason), (enforcement.Status, enforcement.Error.Reason));
        Assert.NotEmpty(enforcement.Error.Message);
        Assert.Equal([enforcement.Id], (await bench.Events.ListEnforcementsAsync(new() { Failed = true })).Enforcements.Select(each => each.Id));
    }

    [Fact]
    public async Task Slow_rules_cannot_hold_an_event_up_and_who_is_left_over_says_so()
    {
        // Each pattern takes its quarter of a second to be given up on; all of them together would take half a minute.
        const string slow = """{field: host, operator: matches, value: "^(?=a)(a+)+$"}""";
        const int Slow = 40;
        await using var bench = await ChainBench.StartAsync(
        [
            ("rules/high.yaml", ChainBench.Rule),
            .. Enumerable.Range(0, Slow).Select(number => (
                $"rules/slow_{number:00}.yaml",
                $"ref: edge.slow_{number:00}\ntrigger: edge.seen\nconditions: [{slow}, {slow}, {slow}]\naction: edge.act\naction_params: {{host: a}}\n")),
        ]);

        var emitted = await bench.EmitAsync($$"""{"host": "{{new string('a', 60)}}!", "severity": "high"}""");

        Assert.Single(emitted.ExecutionIds);
        var enforcements = (await bench.EventAsync(emitted.EventId)).Enforcements;
        Assert.Equal(Slow + 1, enforcements.Count);
        var failed = enforcements.Where(each => each.Error is not null).ToList();
        Assert.Equal(Slow, failed.Count(each => each.Error.Reason is "CONDITION_FAILED"));
        Assert.Contains(failed, each => each.Error.Message.EndsWith("because the rules of this event took more than 5 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_disabled_trigger_takes_no_events()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await bench.Triggers.DisableTriggerAsync(new() { Ref = "edge.seen" });
        var refused = await RefusedCall.OfAsync(() => bench.EmitAsync(High));
        Assert.Equal((StatusCode.FailedPrecondition, "TRIGGER_DISABLED"), (refused.Code, refused.Reason));
        Assert.Equal(0, await bench.CountAsync("event"));
        await bench.Triggers.EnableTriggerAsync(new() { Ref = "edge.seen" });
        Assert.Single((await bench.EmitAsync(High)).ExecutionIds);
    }

    [Fact]
    public async Task A_batch_is_stored_whole_or_not_at_all_with_every_mistake()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        var request = new EmitEventsRequest
        {
            Items =
            {
                new EmitEventsItem { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), IdempotencyKey = "k" },
                new EmitEventsItem { TriggerRef = "edge.sene", Payload = ChainBench.Json(High) },
                new EmitEventsItem { TriggerRef = "edge.seen", Payload = ChainBench.Json("""{"hots": 1, "count": "x"}""") },
            },
        };
        var refused = await RefusedCall.OfAsync(() => bench.Events.EmitEventsAsync(request).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, refused.Code);
        Assert.Equal(
            ["items[1].trigger_ref", "items[2].payload.host", "items[2].payload.count", "items[2].payload.hots"],
            refused.Violations.Select(each => each.Field));
        Assert.Contains("Did you mean 'edge.seen'?", refused.Violations[0].Description);
        Assert.Contains("Did you mean 'host'?", refused.Violations[3].Description);
        Assert.Equal(0, await bench.CountAsync("event"));

        request.Items[1] = new() { TriggerRef = "edge.seen", Payload = ChainBench.Json("""{"host": "b"}"""), RuleRef = "edge.on_high" };
        request.Items[2] = request.Items[0];
        var stored = (await bench.Events.EmitEventsAsync(request)).Events;
        Assert.Equal([false, false, true], stored.Select(each => each.Duplicate));
        Assert.Equal(stored[0].EventId, stored[2].EventId);
        Assert.Equal(stored[0].ExecutionIds, stored[2].ExecutionIds);
        Assert.Empty(stored[1].ExecutionIds);
        Assert.Equal("edge.on_high", (await bench.EventAsync(stored[1].EventId)).RuleRef);
        Assert.Equal((2, 1, 1), (await bench.CountAsync("event"), await bench.CountAsync("enforcement"), await bench.CountAsync("execution")));

        Assert.Equal("ITEMS_INVALID", (await RefusedCall.OfAsync(() => bench.Events.EmitEventsAsync(new()).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task An_event_for_one_rule_meets_no_other()
    {
        await using var bench = await ChainBench.StartAsync(
            ("rules/high.yaml", ChainBench.Rule), ("rules/too.yaml", ChainBench.Rule.Replace("on_high", "on_high_too")));
        var emitted = await bench.Events.EmitEventAsync(new() { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), RuleRef = "edge.on_high_too" });
        var shown = await bench.EventAsync(emitted.EventId);
        Assert.Equal(["edge.on_high_too"], shown.Enforcements.Select(each => each.RuleRef));
        Assert.Equal(0, shown.UnmatchedCount);

        foreach (var other in (string[])["edge.none", "core.none", "x\0y"])
        {
            var refused = await RefusedCall.OfAsync(() => bench.Events.EmitEventAsync(
                new() { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), RuleRef = other }).ResponseAsync);
            Assert.Equal((StatusCode.NotFound, "RULE_NOT_FOUND"), (refused.Code, refused.Reason));
        }
    }

    [Fact]
    public async Task History_stays_readable_when_what_made_it_is_gone()
    {
        await using var bench = await ChainBench.StartAsync(
            ("rules/high.yaml", ChainBench.Rule),
            ("sensors/watch.sh", "echo\n"),
            ("sensors/watch.yaml", "ref: edge.watch\nruntime: core.shell\nentry_point: watch.sh\ntriggers: [edge.seen]\n"));
        var record = bench.Get<RecordEvents>();
        var happened = new NewEvent
        {
            TriggerRef = "edge.seen",
            Payload = """{"host":"a.example","severity":"high"}"""u8.ToArray(),
            Origin = EventOrigin.Sensor,
            SourceRef = "edge.watch",
            SensorId = await bench.Packs.ReadAsync<long>("select id from sensor"),
        };
        Assert.True((await record.PrepareAsync(happened, Soon)).IsOk(out var prepared, out _));
        var stored = (await record.StoreAsync([prepared], Soon))[0];
        await bench.Packs.ReadAsync<int>("delete from sensor");
        await AssertReadableAsync();
        await bench.InstallAsync("2.0.0", ("sensors/watch.sh", "echo\n"));
        Assert.Equal(0, await bench.CountAsync("rule"));
        await AssertReadableAsync();
        await bench.Packs.Packs.RemovePackAsync(new() { Ref = "edge" });
        await AssertReadableAsync();

        async Task AssertReadableAsync()
        {
            var shown = await bench.EventAsync(stored.Id);
            Assert.Equal(("edge.seen", "edge.watch", EventOrigin.Sensor), (shown.TriggerRef, shown.SourceRef, shown.Origin));
            var enforcement = Assert.Single(shown.Enforcements);
            Assert.Equal(("edge.on_high", stored.ExecutionIds[0]), (enforcement.RuleRef, enforcement.ExecutionId));
            Assert.Equal(("edge.on_high", shown.Id), ((await bench.ExecutionAsync(stored.ExecutionIds[0])).RuleRef, enforcement.EventId));
        }
    }

    [Fact]
    public async Task Only_the_clock_fires_a_timer_and_nobody_takes_the_keys_of_another_origin()
    {
        await using var bench = await ChainBench.StartAsync();

        var fired = await RefusedCall.OfAsync(() => bench.EmitAsync(
            """{"fired_at": "2026-01-01T00:00:00Z", "scheduled_at": "2026-01-01T00:00:00Z"}""", trigger: "core.intervaltimer"));
        var taken = await RefusedCall.OfAsync(() => bench.EmitAsync("""{"host": "a"}""", "webhook:github:1"));

        Assert.Equal((StatusCode.FailedPrecondition, "TRIGGER_IS_TIMER"), (fired.Code, fired.Reason));
        Assert.Equal("IDEMPOTENCY_KEY_INVALID", taken.Reason);
        Assert.Equal(0, await bench.CountAsync("event"));
    }

    [Fact]
    public async Task What_became_secret_after_a_rule_was_saved_is_not_handed_to_a_parameter_that_everybody_sees()
    {
        await using var bench = await ChainBench.StartAsync();
        await bench.CreateRuleAsync("""{"ref": "edge.mine", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "{{ event.payload.host }}"}}""");
        await bench.InstallAsync("1.1.0", ("triggers/seen.yaml", ChainBench.Trigger.Replace("host: {type: string,", "host: {type: string, secret: true,")));

        var emitted = await bench.EmitAsync("""{"host": "hunter2"}""");

        var enforcement = Assert.Single((await bench.EventAsync(emitted.EventId)).Enforcements);
        Assert.Equal("PARAMETERS_FAILED", enforcement.Error.Reason);
        Assert.Equal(0, await bench.CountAsync("execution"));
        Assert.Equal(0, await bench.Packs.ReadAsync<long>("select count(*) from enforcement where config::text like '%hunter2%' or payload::text like '%hunter2%'"));
    }
}
