using Attune.Server.Tests.Events;
using Attune.Server.Tests.Packs;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Rules;

/// <summary>Rules in life: made, changed, switched and deleted by hand.</summary>
public sealed class RuleApiTests : IAsyncLifetime
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    const string Mine = """
        {"ref": "edge.mine", "trigger_ref": "edge.seen", "action_ref": "edge.act", "label": "Mine", "tags": ["t"],
         "conditions": {"all": [{"field": "severity", "operator": "equals", "value": "high"}, "event.payload.count >= 1"]},
         "action_params": {"host": "{{ event.payload.host }}:{{ rule.ref }}", "times": 2}}
        """;

    ChainBench bench = null!;

    public async Task InitializeAsync() => bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_rule_is_made_changed_and_deleted_and_each_change_counts_at_once()
    {
        var made = await bench.CreateRuleAsync(Mine);
        Assert.Equal(("edge.mine", "edge", true, true), (made.Ref, made.PackRef, made.Enabled, made.IsAdhoc));
        Assert.Empty(made.Problems);
        Assert.Equal(made, (await bench.Rules.GetRuleAsync(new() { Ref = "edge.mine" })).Rule);
        Assert.Equal(["edge.mine", "edge.on_high"], (await bench.Rules.ListRulesAsync(new() { TriggerRef = "edge.seen" })).Rules.Select(each => each.Ref));
        Assert.Equal(["edge.mine"], (await bench.Rules.ListRulesAsync(new() { Tag = "t", PackRef = "edge", ActionRef = "edge.act", Enabled = true })).Rules.Select(each => each.Ref));
        Assert.Empty((await bench.Rules.ListRulesAsync(new() { Enabled = false })).Rules);

        var emitted = await bench.EmitAsync(High);
        Assert.Equal(2, emitted.ExecutionIds.Count);
        var started = await bench.ExecutionAsync(emitted.ExecutionIds.Max());
        Assert.Equal(("a.example:edge.mine", 2), (started.Parameters.Fields["host"].StringValue, started.Parameters.Fields["times"].NumberValue));
        Assert.Equal("RULE_EXISTS", (await RefusedCall.OfAsync(() => bench.CreateRuleAsync(Mine))).Reason);

        var change = new UpdateRuleRequest
        {
            Rule = new() { Ref = "edge.mine", ActionParams = ChainBench.Json("""{"host": "fixed"}"""), Updated = made.Updated },
            UpdateMask = FieldMask.FromString("action_params,conditions"),
        };
        var changed = (await bench.Rules.UpdateRuleAsync(change)).Rule;
        Assert.Equal(("Mine", "fixed", 0), (changed.Label, changed.ActionParams.Fields["host"].StringValue, changed.Conditions.ListValue.Values.Count));
        var stale = await RefusedCall.OfAsync(() => bench.Rules.UpdateRuleAsync(change).ResponseAsync);
        Assert.Equal((StatusCode.Aborted, "UPDATED_CHANGED"), (stale.Code, stale.Reason));
        var always = Assert.Single((await bench.EmitAsync("""{"host": "b"}""")).ExecutionIds);
        Assert.Equal("fixed", (await bench.ExecutionAsync(always)).Parameters.Fields["host"].StringValue);

        await bench.Rules.DeleteRuleAsync(new() { Ref = "edge.mine" });
        Assert.Empty((await bench.EmitAsync("""{"host": "b"}""")).ExecutionIds);
        Assert.Equal("edge.mine", (await bench.ExecutionAsync(always)).RuleRef);
        Assert.Equal(2, (await bench.Events.ListEnforcementsAsync(new() { RuleRef = "edge.mine" })).Enforcements.Count);
        foreach (var call in (Func<Task>[])
        [
            () => bench.Rules.GetRuleAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Rules.DeleteRuleAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Rules.EnableRuleAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Rules.UpdateRuleAsync(change).ResponseAsync,
            () => bench.Rules.TestRuleAsync(new() { RuleRef = "edge.mine", Last = 1 }).ResponseAsync,
            () => bench.Rules.ReplayEventsAsync(new() { RuleRef = "edge.mine", EventIds = { 1 } }).ResponseAsync,
        ])
            Assert.Equal("RULE_NOT_FOUND", (await RefusedCall.OfAsync(call)).Reason);
    }

    [Fact]
    public async Task Every_mistake_of_a_rule_is_listed_with_its_place()
    {
        var refused = await RefusedCall.OfAsync(() => bench.CreateRuleAsync("""
            {"ref": "edge.bad", "trigger_ref": "edge.seen", "action_ref": "edge.act",
             "trigger_params": {"nothing": 1},
             "conditions": {"all": [{"field": "severty", "operator": "equals", "value": "high"}, {"field": "count", "operator": "is", "value": 1}, "event.payload.hots == 'a'", "evnt.key == 'a'", "1 +"]},
             "action_params": {"hots": "x", "times": "{{ event.id }}", "token": "{{ event.payload.count + }}"}}
            """));
        Assert.Equal((StatusCode.InvalidArgument, "RULE_INVALID"), (refused.Code, refused.Reason));
        var fields = refused.Violations.Select(each => each.Field).ToHashSet();
        Assert.Superset(new HashSet<string>
        {
            "rule.trigger_params.nothing", "rule.conditions.all[0].field", "rule.conditions.all[1].operator", "rule.conditions.all[2]",
            "rule.conditions.all[3]", "rule.conditions.all[4]", "rule.action_params.host", "rule.action_params.hots", "rule.action_params.token",
        }, fields);
        Assert.Contains(refused.Violations, each => each.Field == "rule.conditions.all[0].field" && each.Description.Contains("severity"));

        var names = await RefusedCall.OfAsync(() => bench.CreateRuleAsync("""
            {"ref": "edge.bad", "trigger_ref": "edge.sen", "action_ref": "edge.atc", "action_params": {"a": "{{ pck.config.x }}", "b": "{{ event.id }}", "c": "{{ rule.rfe }}"}}
            """));
        Assert.Contains("Did you mean 'edge.seen'?", names.Violations.Single(each => each.Field == "rule.trigger_ref").Description);
        Assert.Contains("Did you mean 'edge.act'?", names.Violations.Single(each => each.Field == "rule.action_ref").Description);
        Assert.Contains("'pack'", names.Violations.Single(each => each.Field == "rule.action_params.a").Description);
        Assert.Contains("before the event is stored", names.Violations.Single(each => each.Field == "rule.action_params.b").Description);
        Assert.Contains("'ref'", names.Violations.Single(each => each.Field == "rule.action_params.c").Description);

        var unknown = await RefusedCall.OfAsync(() => bench.CreateRuleAsync("""
            {"ref": "edge.bad", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "{{ event.payload.hsot }}", "times": "many"}}
            """));
        Assert.Equal(["rule.action_params.host", "rule.action_params.times"], unknown.Violations.Select(each => each.Field).Order());
        Assert.Contains("'host'", unknown.Violations.Single(each => each.Field == "rule.action_params.host").Description);
        Assert.Equal(1, await bench.CountAsync("rule"));
    }

    [Theory]
    [InlineData("core.crontimer", """{"expression": "61 * * * *"}""", "rule.trigger_params.expression")]
    [InlineData("core.crontimer", """{"expression": "* * * * *", "timezone": "Europe/Berln"}""", "rule.trigger_params.timezone")]
    [InlineData("core.intervaltimer", """{"interval": 0}""", "rule.trigger_params.interval")]
    [InlineData("core.intervaltimer", """{}""", "rule.trigger_params.interval")]
    [InlineData("core.datetimetimer", """{"date": "tomorrow"}""", "rule.trigger_params.date")]
    public async Task A_timers_parameters_are_read_when_the_rule_is_saved(string trigger, string parameters, string field)
    {
        var refused = await RefusedCall.OfAsync(() => bench.CreateRuleAsync(
            $$"""{"ref": "edge.timed", "trigger_ref": "{{trigger}}", "trigger_params": {{parameters}}, "action_ref": "core.noop"}"""));
        Assert.Equal([field], refused.Violations.Select(each => each.Field).Distinct());
    }

    [Fact]
    public async Task Of_a_packs_rule_only_the_switch_may_be_changed_and_it_survives_an_upgrade()
    {
        var update = new UpdateRuleRequest { Rule = new() { Ref = "edge.on_high", Label = "x" }, UpdateMask = FieldMask.FromString("label") };
        Assert.Equal("NOT_ADHOC", (await RefusedCall.OfAsync(() => bench.Rules.UpdateRuleAsync(update).ResponseAsync)).Reason);
        Assert.Equal("NOT_ADHOC", (await RefusedCall.OfAsync(() => bench.Rules.DeleteRuleAsync(new() { Ref = "edge.on_high" }).ResponseAsync)).Reason);
        Assert.Equal("UPDATE_MASK_INVALID", (await RefusedCall.OfAsync(() => bench.Rules.UpdateRuleAsync(new() { Rule = new() { Ref = "edge.on_high" } }).ResponseAsync)).Reason);
        update.UpdateMask = FieldMask.FromString("enabled");
        Assert.False((await bench.Rules.UpdateRuleAsync(update)).Rule.Enabled);
        await bench.CreateRuleAsync(Mine);

        await bench.InstallAsync("2.0.0", ("rules/high.yaml", ChainBench.Rule + "\nlabel: New\n"));
        var upgraded = (await bench.Rules.GetRuleAsync(new() { Ref = "edge.on_high" })).Rule;
        Assert.Equal(("New", false), (upgraded.Label, upgraded.Enabled));
        Assert.True((await bench.Rules.GetRuleAsync(new() { Ref = "edge.mine" })).Rule.Enabled);
    }

    [Fact]
    public async Task Whoever_makes_a_rule_must_be_allowed_to_start_its_action()
    {
        var client = new RuleService.RuleServiceClient(bench.Server.Anonymous);
        var writer = await bench.LoginWithAsync(
            """[{"resource": "rules", "actions": ["*"], "constraints": {"packs": ["edge"]}}, {"resource": "executions", "actions": ["start"], "constraints": {"packs": ["core"]}}, {"resource": "events", "actions": ["read"], "constraints": {"packs": ["edge"]}}]""");
        var denied = await RefusedCall.OfAsync(() => client.CreateRuleAsync(new() { Rule = Google.Protobuf.JsonParser.Default.Parse<Rule>(Mine) }, writer).ResponseAsync);
        Assert.Equal(StatusCode.PermissionDenied, denied.Code);
        Assert.Contains("executions: start", denied.Message);

        var allowed = Google.Protobuf.JsonParser.Default.Parse<Rule>("""{"ref": "edge.noop", "trigger_ref": "edge.seen", "action_ref": "core.noop"}""");
        await client.CreateRuleAsync(new() { Rule = allowed }, writer);
        Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(() => client.UpdateRuleAsync(
            new() { Rule = new() { Ref = "edge.noop", ActionRef = "edge.act" }, UpdateMask = FieldMask.FromString("action_ref") }, writer).ResponseAsync)).Code);
        await client.UpdateRuleAsync(new() { Rule = new() { Ref = "edge.noop", Label = "x" }, UpdateMask = FieldMask.FromString("label") }, writer);

        var elsewhere = await bench.LoginWithAsync("""[{"resource": "rules", "actions": ["*"], "constraints": {"packs": ["core"]}}]""");
        foreach (var call in (Func<Task>[])
        [
            () => client.GetRuleAsync(new() { Ref = "edge.noop" }, elsewhere).ResponseAsync,
            () => client.CreateRuleAsync(new() { Rule = allowed }, elsewhere).ResponseAsync,
            () => client.UpdateRuleAsync(new() { Rule = allowed, UpdateMask = FieldMask.FromString("enabled") }, elsewhere).ResponseAsync,
            () => client.EnableRuleAsync(new() { Ref = "edge.noop" }, elsewhere).ResponseAsync,
            () => client.DeleteRuleAsync(new() { Ref = "edge.noop" }, elsewhere).ResponseAsync,
            () => client.TestRuleAsync(new() { RuleRef = "edge.noop", Last = 1 }, elsewhere).ResponseAsync,
            () => client.ReplayEventsAsync(new() { RuleRef = "edge.noop", EventIds = { 1 } }, elsewhere).ResponseAsync,
        ])
            Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(call)).Code);
        Assert.Empty((await client.ListRulesAsync(new(), elsewhere)).Rules);
    }

    [Fact]
    public async Task A_rule_tells_what_it_waits_for()
    {
        await bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.mine" } });
        await bench.CreateRuleAsync("""{"ref": "edge.waits", "trigger_ref": "edge.mine", "action_ref": "edge.act", "action_params": {"host": "a"}}""");
        await bench.Triggers.DeleteTriggerAsync(new() { Ref = "edge.mine" });
        var waiting = (await bench.Rules.ListRulesAsync(new() { TriggerRef = "edge.mine" })).Rules[0];
        Assert.Contains("No trigger 'edge.mine'", Assert.Single(waiting.Problems));

        await bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.mine" }, Enabled = false });
        Assert.Contains("disabled", Assert.Single((await bench.Rules.GetRuleAsync(new() { Ref = "edge.waits" })).Rule.Problems));
        await bench.Triggers.EnableTriggerAsync(new() { Ref = "edge.mine" });
        Assert.Empty((await bench.Rules.GetRuleAsync(new() { Ref = "edge.waits" })).Rule.Problems);
        Assert.Single((await bench.EmitAsync("{}", trigger: "edge.mine")).ExecutionIds);
        Assert.NotNull(await bench.Packs.ReadAsync<long?>("select trigger from rule where ref = 'edge.waits'"));
    }

    [Fact]
    public async Task Whoever_makes_a_rule_must_be_allowed_to_read_what_its_events_carry_but_not_to_read_the_clock()
    {
        var client = new RuleService.RuleServiceClient(bench.Server.Anonymous);
        var stranger = await bench.LoginWithAsync(
            """[{"resource": "rules", "actions": ["*"]}, {"resource": "executions", "actions": ["start"]}, {"resource": "events", "actions": ["read"], "constraints": {"packs": ["core"]}}]""");
        var spy = Google.Protobuf.JsonParser.Default.Parse<Rule>("""{"ref": "edge.spy", "trigger_ref": "edge.seen", "action_ref": "core.noop"}""");

        var denied = await RefusedCall.OfAsync(() => client.CreateRuleAsync(new() { Rule = spy }, stranger).ResponseAsync);
        var tried = await RefusedCall.OfAsync(() => client.TestRuleAsync(new() { Rule = spy, Last = 1 }, stranger).ResponseAsync);

        Assert.Equal((StatusCode.PermissionDenied, StatusCode.PermissionDenied), (denied.Code, tried.Code));
        Assert.Contains("events: read", denied.Message);
        await client.CreateRuleAsync(
            new()
            {
                Rule = Google.Protobuf.JsonParser.Default.Parse<Rule>(
                    """{"ref": "edge.clock", "trigger_ref": "core.intervaltimer", "trigger_params": {"interval": 3600}, "action_ref": "core.noop"}"""),
            },
            stranger);
    }
}
