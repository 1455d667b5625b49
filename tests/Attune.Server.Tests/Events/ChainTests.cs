using Attune.Server.Tests.Dispatch;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Events;

/// <summary>From an event to what it started, and back.</summary>
public sealed class ChainTests
{
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

        var started = await bench.ExecutionAsync(execution);
        Assert.Equal(("edge.on_high", shown.Id, enforcement.Id), (started.RuleRef, started.EventId, started.EnforcementId));
        foreach (var filter in new ListExecutionsRequest[] { new() { RuleRef = "edge.on_high" }, new() { EventId = shown.Id }, new() { EnforcementId = enforcement.Id } })
            Assert.Equal([execution], (await bench.Server.Executions.ListExecutionsAsync(filter)).Executions.Select(each => each.Id));
        Assert.Empty((await bench.Server.Executions.ListExecutionsAsync(new() { RuleRef = "edge.on_low" })).Executions);
    }
}
