using Attune.Server.Rules;
using Attune.Server.Tests.Events;
using Attune.Server.Tests.Packs;
using Attune.Server.Triggers;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Server.Tests.Rules;

/// <summary>Rules that come with packs, and what is kept of them in memory.</summary>
public sealed class RulePackTests : IAsyncLifetime
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    ChainBench bench = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync() => bench = await ChainBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task Mistakes_of_a_rule_file_name_their_line_also_against_another_packs_trigger()
    {
        var other = bench.Packs.Archive("other", "1.0.0", ["go"], ("rules/r.yaml", """
            ref: other.r
            trigger: edge.seen
            conditions:
              all:
                - {field: severity, operator: equals, value: high}
                - {field: severty, operator: equals, value: high}
            action: other.go
            action_params:
              nothing: 1
            """));
        var problems = (await bench.Packs.CheckAsync(other)).Problems;
        Assert.Equal([("rules/r.yaml", 9, "action_params.nothing")], problems.Select(each => (each.File, each.Line, each.Field)));

        other = bench.Packs.Archive("other", "1.0.0", ["go"], ("rules/r.yaml", """
            ref: other.r
            trigger: edge.seen
            conditions:
              all:
                - {field: severity, operator: equals, value: high}
                - {field: severty, operator: equals, value: high}
            action: other.go
            """));
        var problem = Assert.Single((await bench.Packs.CheckAsync(other)).Problems);
        Assert.Equal(("rules/r.yaml", 6), (problem.File, problem.Line));
        Assert.Contains("severity", problem.Message);
        Assert.Equal("PACK_INVALID", (await RefusedCall.OfAsync(() => bench.Packs.InstallAsync(other))).Reason);
    }

    [Fact]
    public async Task A_rule_may_come_before_what_it_names_and_waits_for_it()
    {
        await bench.Packs.InstallAsync(bench.Packs.Archive("early", "1.0.0", [],
            ("rules/r.yaml", "ref: early.r\ntrigger: late.t\naction: late.go\n"),
            ("rules/s.yaml", "ref: early.s\ntrigger: edge.seen\naction: late.go\n")));
        Assert.Equal(2, (await bench.Rules.GetRuleAsync(new() { Ref = "early.r" })).Rule.Problems.Count);
        var emitted = await bench.EmitAsync(High);
        Assert.Equal("ACTION_NOT_FOUND", Assert.Single((await bench.EventAsync(emitted.EventId)).Enforcements).Error.Reason);

        await bench.Packs.InstallAsync(bench.Packs.Archive("late", "1.0.0", ["go"], ("triggers/t.yaml", "ref: late.t\n")));
        Assert.Empty((await bench.Rules.GetRuleAsync(new() { Ref = "early.r" })).Rule.Problems);
        Assert.Single((await bench.EmitAsync("{}", trigger: "late.t")).ExecutionIds);
        Assert.Single((await bench.EmitAsync(High)).ExecutionIds);
    }

    [Fact]
    public async Task A_pack_whose_rules_start_actions_asks_for_that_right()
    {
        var archive = bench.Packs.Archive("other", "1.0.0", [], ("rules/r.yaml", "ref: other.r\ntrigger: edge.seen\naction: edge.act\naction_params: {host: a}\n"));
        var installer = await bench.LoginWithAsync("""[{"resource": "packs", "actions": ["install"]}, {"resource": "executions", "actions": ["start"], "constraints": {"packs": ["other"]}}]""");
        using var call = new PackService.PackServiceClient(bench.Server.Anonymous).InstallPack(installer, cancellationToken: Soon);
        await call.RequestStream.WriteAsync(new() { Chunk = ByteString.CopyFrom(archive) });
        await call.RequestStream.CompleteAsync();
        var denied = await RefusedCall.OfAsync(() => call.ResponseAsync);
        Assert.Equal(StatusCode.PermissionDenied, denied.Code);
        Assert.Contains("executions: start", denied.Message);
    }

    [Fact]
    public async Task The_packs_configuration_is_what_expressions_see_and_its_secrets_go_nowhere()
    {
        var configured = new[]
        {
            ("pack.yaml", "ref: other\nlabel: other\nversion: 1.0.0\nconf_schema: {region: {type: string}, token: {type: string, secret: true}}\nconfig: {region: eu, token: hunter2}\n"),
            ("rules/r.yaml", "ref: other.r\ntrigger: edge.seen\nconditions: [\"pack.config.region == 'eu'\"]\naction: edge.act\naction_params: {host: '{{ pack.config.region }}', token: '{{ pack.config.token }}'}\n"),
        };
        await bench.Packs.InstallAsync(bench.Packs.Archive("other", "1.0.0", [], configured));
        var execution = await bench.ExecutionAsync(Assert.Single((await bench.EmitAsync(High)).ExecutionIds));
        Assert.Equal(("eu", "***"), (execution.Parameters.Fields["host"].StringValue, execution.Parameters.Fields["token"].StringValue));

        foreach (var (expression, place) in new[] { ("pack.config.token", "action_params.host"), ("pack.config.regoin", "action_params.host") })
        {
            configured[1] = ("rules/r.yaml", $"ref: other.r\ntrigger: edge.seen\naction: edge.act\naction_params: {{host: '{{{{ {expression} }}}}'}}\n");
            Assert.Equal(place, Assert.Single((await bench.Packs.CheckAsync(bench.Packs.Archive("other", "1.0.1", [], configured))).Problems).Field);
        }

        // A change of the configuration counts with the next event.
        await bench.Packs.ReadAsync<int>("update pack set config = config || '{\"region\": \"us\"}' where ref = 'other'");
        await Waiting.UntilAsync(async () => (await bench.EmitAsync(High)).ExecutionIds.Count == 0, "the changed configuration", Soon);
    }

    [Fact]
    public async Task Ten_thousand_rules_are_installed_and_asked_at_once()
    {
        var files = Enumerable.Range(0, 10_000)
            .Select(number => ($"rules/r{number}.yaml", $"ref: edge.r{number}\ntrigger: edge.seen\nconditions: [{{field: host, operator: equals, value: host-{number}}}]\naction: edge.act\naction_params: {{host: x}}\n"))
            .ToArray();
        await bench.InstallAsync("2.0.0", files);
        Assert.Equal(10_000, await bench.CountAsync("rule"));
        var emitted = await bench.EmitAsync("""{"host": "host-7777"}""");
        Assert.Single(emitted.ExecutionIds);
        var shown = await bench.EventAsync(emitted.EventId);
        Assert.Equal(("edge.r7777", 9_999, 50), (Assert.Single(shown.Enforcements).RuleRef, shown.UnmatchedCount, shown.Unmatched.Count));
    }

    [Fact]
    public async Task Another_replica_hears_of_a_change_and_a_burst_is_one_load()
    {
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        var elsewhere = new EventService.EventServiceClient(other.Admin);
        Assert.Empty((await EmitAsync()).ExecutionIds);
        await bench.CreateRuleAsync("""{"ref": "edge.mine", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "a"}}""");
        await Waiting.UntilAsync(async () => (await EmitAsync()).ExecutionIds.Count == 1, "the new rule", Soon);
        await bench.Triggers.DisableTriggerAsync(new() { Ref = "edge.seen" });
        await Waiting.UntilAsync(
            async () =>
            {
                try
                {
                    await EmitAsync();
                    return false;
                }
                catch (RpcException exception) when (exception.StatusCode is StatusCode.FailedPrecondition)
                {
                    return true;
                }
            },
            "the disabled trigger",
            Soon);

        var loads = 0;
        var gate = new TaskCompletionSource();
        var cache = new RefCache<string>(async (reference, _) =>
        {
            Interlocked.Increment(ref loads);
            await gate.Task;
            return reference;
        });
        var burst = Enumerable.Range(0, 100).Select(_ => cache.FindAsync("a", Soon).AsTask()).ToArray();
        gate.SetResult();
        Assert.All(await Task.WhenAll(burst), found => Assert.Equal("a", found));
        Assert.Equal(1, loads);
        cache.Forget();
        await cache.FindAsync("a", Soon);
        Assert.Equal(2, loads);

        async Task<EmitEventResponse> EmitAsync() => await elsewhere.EmitEventAsync(new() { TriggerRef = "edge.seen", Payload = ChainBench.Json(High) });
    }

    [Fact]
    public async Task A_look_at_the_database_finds_what_no_notification_told()
    {
        var db = bench.Server.Database.Db;
        var store = new RuleStore(db);
        var (rules, triggers) = (new RuleCatalog(store), new TriggerCatalog(new(db)));
        var watch = new RuleCatalogWatch(
            rules, triggers, store, null!, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<RuleCatalogWatch>.Instance);
        var seen = await watch.LookAsync(null, Soon);
        var before = await triggers.FindAsync("edge.seen", Soon);
        Assert.Equal(seen, await watch.LookAsync(seen, Soon));
        Assert.Same(before, await triggers.FindAsync("edge.seen", Soon));
        await bench.Packs.ReadAsync<int>("update trigger set label = 'x' where ref = 'edge.seen'");
        Assert.NotEqual(seen, await watch.LookAsync(seen, Soon));
        Assert.NotSame(before, await triggers.FindAsync("edge.seen", Soon));
    }

    [Fact]
    public async Task A_rule_that_cannot_be_read_fails_aloud_and_leaves_the_others_alone()
    {
        await bench.CreateRuleAsync("""{"ref": "edge.mine", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "a"}}""");
        await bench.CreateRuleAsync("""{"ref": "edge.broken", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "a"}}""");
        await bench.Packs.ReadAsync<int>("update rule set conditions = '{\"al\": []}' where ref = 'edge.broken'");
        bench.Get<Attune.Server.Packs.PartCatalogs>().Forget();
        var shown = await bench.EventAsync((await bench.EmitAsync(High)).EventId);
        Assert.Equal(
            [("edge.broken", "CONDITION_FAILED"), ("edge.mine", "")],
            shown.Enforcements.Select(each => (each.RuleRef, each.Error?.Reason ?? "")).Order());
        Assert.NotEmpty((await bench.Rules.GetRuleAsync(new() { Ref = "edge.broken" })).Rule.Problems);
    }

    [Fact]
    public async Task A_mebibyte_of_conditions_is_refused_or_taken_but_never_fatal()
    {
        var wide = $$"""{"any": [{{string.Join(',', Enumerable.Repeat("""{"field": "host", "operator": "equals", "value": "xxxxxxxxxxxxxxxxxxxx"}""", 13_000))}}]}""";
        var long_ = $$"""["{{new string('(', 1_000_000)}}"]""";
        foreach (var conditions in new[] { wide, long_ })
        {
            var refused = await RefusedCall.OfAsync(() => bench.CreateRuleAsync(
                $$"""{"ref": "edge.huge", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "a"}, "conditions": {{conditions}}}"""));
            Assert.Equal("RULE_INVALID", refused.Reason);
            Assert.All(refused.Violations, each => Assert.StartsWith("rule.conditions", each.Field));
        }

        Assert.Equal("RULE_INVALID", (await RefusedCall.OfAsync(() => bench.CreateRuleAsync(
            """{"ref": "edge.nul", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "\u0000"}}"""))).Reason);
    }
}
