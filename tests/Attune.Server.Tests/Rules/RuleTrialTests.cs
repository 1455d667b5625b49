using Attune.Server.Tests.Events;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Server.Tests.Rules;

/// <summary>Dry runs, and events that are fired again.</summary>
public sealed class RuleTrialTests : IAsyncLifetime
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    ChainBench bench = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync() => bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_dry_run_says_what_would_start_and_starts_nothing()
    {
        var matched = Assert.Single((await TestAsync(new() { RuleRef = "edge.on_high", Payload = ChainBench.Json(High) })).Trials);
        Assert.Equal((true, "edge.act", 0L), (matched.Matched, matched.ActionRef, matched.EventId));
        Assert.Equal(("a.example", 1), (matched.Parameters.Fields["host"].StringValue, matched.Parameters.Fields["times"].NumberValue));
        Assert.Empty(matched.Problems);

        var unmatched = Assert.Single((await TestAsync(new() { RuleRef = "edge.on_high", Payload = ChainBench.Json("""{"host": "a"}""") })).Trials);
        Assert.False(unmatched.Matched);
        Assert.Contains("severity", unmatched.Why);
        Assert.Contains("low", unmatched.Why);
        Assert.Null(unmatched.Parameters);

        var failing = Assert.Single((await TestAsync(new() { RuleRef = "edge.on_high", Payload = ChainBench.Json("""{"host": "a", "severity": "high", "count": 500}""") })).Trials);
        Assert.True(failing.Matched);
        Assert.StartsWith("PARAMETERS_INVALID", Assert.Single(failing.Problems));
        Assert.Equal((0, 0, 0), (await bench.CountAsync("event"), await bench.CountAsync("enforcement"), await bench.CountAsync("execution")));
    }

    [Fact]
    public async Task Stored_events_can_be_tried_one_or_the_last_ones()
    {
        var ids = new List<long>();
        for (var number = 0; number < 60; number++)
            ids.Insert(0, (await bench.EmitAsync($$"""{"host": "h{{number}}", "severity": "{{(number % 2 == 0 ? "high" : "low")}}"}""")).EventId);

        var last = (await TestAsync(new() { RuleRef = "edge.on_high", Last = 55 })).Trials;
        Assert.Equal(ids.Take(55), last.Select(each => each.EventId));
        Assert.Equal(27, last.Count(each => each.Matched));
        Assert.Equal(60, (await TestAsync(new() { RuleRef = "edge.on_high", Last = 1000 })).Trials.Count);
        Assert.Equal("h58", Assert.Single((await TestAsync(new() { RuleRef = "edge.on_high", EventId = ids[1] })).Trials).Parameters.Fields["host"].StringValue);

        // One that is not saved yet is tried the same way.
        var draft = JsonParser.Default.Parse<Rule>("""
            {"ref": "edge.draft", "trigger_ref": "edge.seen", "conditions": ["event.payload.host == 'h7'"], "action_ref": "edge.act", "action_params": {"host": "{{ event.payload.host }}"}}
            """);
        Assert.Equal([ids[52]], (await TestAsync(new() { Rule = draft, Last = 60 })).Trials.Where(each => each.Matched).Select(each => each.EventId));
        Assert.Equal(1, await bench.CountAsync("rule"));
        Assert.Equal(60, await bench.CountAsync("event"));
    }

    [Fact]
    public async Task A_dry_run_shows_no_secret_and_gives_none_to_who_may_only_read()
    {
        await bench.CreateRuleAsync("""
            {"ref": "edge.pass_on", "trigger_ref": "edge.seen", "action_ref": "edge.act", "conditions": [],
             "action_params": {"host": "{{ event.payload.host }}", "token": "{{ event.payload.token }}"}}
            """);
        var stored = await bench.EmitAsync("""{"host": "a", "token": "hunter2"}""");
        var trial = Assert.Single((await TestAsync(new() { RuleRef = "edge.pass_on", EventId = stored.EventId })).Trials);
        Assert.True(trial.Matched);
        Assert.Equal("***", trial.Parameters.Fields["token"].StringValue);

        var reader = await bench.LoginWithAsync(
            """[{"resource": "rules", "actions": ["read"]}, {"resource": "events", "actions": ["read"]}]""");
        var client = new RuleService.RuleServiceClient(bench.Server.Anonymous);
        Assert.Single((await client.TestRuleAsync(new() { RuleRef = "edge.pass_on", Last = 5 }, reader)).Trials);
        var oracle = JsonParser.Default.Parse<Rule>("""
            {"ref": "edge.oracle", "trigger_ref": "edge.seen", "conditions": [{"field": "token", "operator": "starts_with", "value": "h"}], "action_ref": "edge.act", "action_params": {"host": "a"}}
            """);
        Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(() => client.TestRuleAsync(new() { Rule = oracle, Last = 5 }, reader).ResponseAsync)).Code);
    }

    [Theory]
    [InlineData("PAYLOAD_INVALID", """{"rule_ref": "edge.on_high"}""")]
    [InlineData("PAYLOAD_INVALID", """{"rule_ref": "edge.on_high", "last": 1, "event_id": 1}""")]
    [InlineData("PAYLOAD_INVALID", """{"rule_ref": "edge.on_high", "payload": {"hots": 1}}""")]
    [InlineData("LAST_INVALID", """{"rule_ref": "edge.on_high", "last": 1001}""")]
    [InlineData("LAST_INVALID", """{"rule_ref": "edge.on_high", "last": -1}""")]
    [InlineData("EVENT_NOT_FOUND", """{"rule_ref": "edge.on_high", "event_id": 77}""")]
    [InlineData("RULE_INVALID", """{"last": 1}""")]
    [InlineData("RULE_INVALID", """{"last": 1, "rule_ref": "edge.on_high", "rule": {}}""")]
    [InlineData("RULE_INVALID", """{"last": 1, "rule": {"ref": "edge.x"}}""")]
    [InlineData("RULE_INVALID", """{"last": 1, "rule": {}}""")]
    public async Task A_dry_run_that_cannot_be_is_refused(string reason, string request)
        => Assert.Equal(reason, (await RefusedCall.OfAsync(() => TestAsync(JsonParser.Default.Parse<TestRuleRequest>(request)))).Reason);

    [Fact]
    public async Task A_replay_is_a_new_event_for_one_rule_that_names_the_old_one()
    {
        var first = await bench.EmitAsync("""{"host": "a", "severity": "high", "token": "hunter2"}""", "once");
        var quiet = await bench.EmitAsync("""{"host": "b"}""");
        await bench.CreateRuleAsync("""
            {"ref": "edge.pass_on", "trigger_ref": "edge.seen", "action_ref": "edge.act", "conditions": ["event.payload.host == 'a'", "event.origin == 'replay'"],
             "action_params": {"host": "{{ event.payload.host }}", "token": "{{ event.payload.token }}"}}
            """);
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        await agent.NextItemAsync(Soon);

        var replayed = (await bench.Rules.ReplayEventsAsync(new() { RuleRef = "edge.pass_on", EventIds = { quiet.EventId, first.EventId } })).Events;
        Assert.Equal([quiet.EventId, first.EventId], replayed.Select(each => each.ReplayOf));
        Assert.Equal(0, replayed[0].ExecutionId);
        var item = await agent.NextItemAsync(Soon);
        Assert.Equal(replayed[1].ExecutionId, item.ExecutionId);
        Assert.Contains("hunter2", item.Parameters.ToStringUtf8());

        var shown = await bench.EventAsync(replayed[1].EventId);
        Assert.Equal((EventOrigin.Replay, first.EventId, "edge.pass_on", "admin", ""), (shown.Origin, shown.ReplayOf, shown.RuleRef, shown.SourceRef, shown.IdempotencyKey));
        Assert.Equal("***", shown.Payload.Fields["token"].StringValue);
        Assert.Equal(["edge.pass_on"], shown.Enforcements.Select(each => each.RuleRef));
        Assert.Equal("edge.pass_on", Assert.Single((await bench.EventAsync(replayed[0].EventId)).Unmatched).RuleRef);

        // A replay can be replayed, and the same one again.
        await bench.Rules.ReplayEventsAsync(new() { RuleRef = "edge.on_high", EventIds = { first.EventId, replayed[1].EventId } });
        Assert.Equal(6, await bench.CountAsync("event"));
    }

    [Fact]
    public async Task A_replay_that_cannot_be_is_refused_whole()
    {
        await bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.other" } });
        var here = (await bench.EmitAsync(High)).EventId;
        var there = (await bench.EmitAsync("{}", trigger: "edge.other")).EventId;
        Assert.Equal("EVENT_IDS_INVALID", await RefuseAsync());
        Assert.Equal("EVENT_IDS_INVALID", await RefuseAsync(here, here));
        Assert.Equal("EVENT_IDS_INVALID", await RefuseAsync(here, there));
        Assert.Equal("EVENT_NOT_FOUND", await RefuseAsync(here, 77));
        await bench.Rules.DisableRuleAsync(new() { Ref = "edge.on_high" });
        Assert.Equal("RULE_DISABLED", await RefuseAsync(here));
        Assert.Equal(2, await bench.CountAsync("event"));

        async Task<string> RefuseAsync(params long[] ids)
            => (await RefusedCall.OfAsync(() => bench.Rules.ReplayEventsAsync(new() { RuleRef = "edge.on_high", EventIds = { ids } }).ResponseAsync)).Reason;
    }

    Task<TestRuleResponse> TestAsync(TestRuleRequest request) => bench.Rules.TestRuleAsync(request).ResponseAsync;

    [Fact]
    public async Task An_event_that_was_meant_for_another_rule_is_no_match()
    {
        await bench.CreateRuleAsync("""{"ref": "edge.all", "trigger_ref": "edge.seen", "action_ref": "core.noop"}""");
        var meant = await bench.Events.EmitEventAsync(new()
        {
            TriggerRef = "edge.seen",
            Payload = ChainBench.Json("""{"host": "a", "severity": "high"}"""),
            RuleRef = "edge.on_high",
        });

        var trial = (await bench.Rules.TestRuleAsync(new() { RuleRef = "edge.all", EventId = meant.EventId })).Trials[0];

        Assert.Equal((false, "It was meant for rule 'edge.on_high' alone."), (trial.Matched, trial.Why));
    }

    [Fact]
    public async Task What_a_condition_saw_of_a_secret_is_not_said_whatever_way_it_looked()
    {
        string[] looks =
        [
            """ "event.payload | to_json == 'x'" """,
            """ "event.payload['tok' ~ 'en'] == 'x'" """,
            """ {"field": "[\"to\\ken\"]", "operator": "equals", "value": "x"} """,
        ];
        foreach (var condition in looks)
        {
            var answer = await bench.Rules.TestRuleAsync(new()
            {
                Rule = Google.Protobuf.JsonParser.Default.Parse<Rule>($$"""{"ref": "edge.peep", "trigger_ref": "edge.seen", "action_ref": "core.noop", "conditions": [{{condition}}]}"""),
                Payload = ChainBench.Json("""{"host": "a", "token": "hunter2"}"""),
            });

            Assert.False(answer.Trials[0].Matched);
            Assert.DoesNotContain("hunter2", answer.ToString(), StringComparison.Ordinal);
        }
    }
}
