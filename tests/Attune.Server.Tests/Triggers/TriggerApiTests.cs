using Attune.Server.Tests.Events;
using Attune.Server.Tests.Packs;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Triggers;

/// <summary>Triggers that are made by hand, and what may be changed of others.</summary>
public sealed class TriggerApiTests : IAsyncLifetime
{
    ChainBench bench = null!;

    public async Task InitializeAsync() => bench = await ChainBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_trigger_is_made_changed_and_deleted()
    {
        var made = (await bench.Triggers.CreateTriggerAsync(new()
        {
            Trigger = new() { Ref = "edge.mine", Description = "d", Output = ChainBench.Json("""{"a": {"type": "integer", "required": true}}"""), Tags = { "x" } },
        })).Trigger;
        Assert.Equal(("edge.mine", "edge", "edge.mine", "d", true, true), (made.Ref, made.PackRef, made.Label, made.Description, made.Enabled, made.IsAdhoc));
        Assert.Equal(made, (await bench.Triggers.GetTriggerAsync(new() { Ref = "edge.mine" })).Trigger);
        Assert.Equal(["edge.mine", "edge.seen"], (await bench.Triggers.ListTriggersAsync(new() { PackRef = "edge" })).Triggers.Select(each => each.Ref));
        Assert.Equal(["edge.mine"], (await bench.Triggers.ListTriggersAsync(new() { Tag = "x" })).Triggers.Select(each => each.Ref));
        Assert.Equal("TRIGGER_EXISTS", (await RefusedCall.OfAsync(() => bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.mine" } }).ResponseAsync)).Reason);
        Assert.Equal("PAYLOAD_INVALID", (await RefusedCall.OfAsync(() => bench.EmitAsync("{}", trigger: "edge.mine"))).Reason);

        var change = new UpdateTriggerRequest
        {
            Trigger = new() { Ref = "edge.mine", Label = "Mine", Output = new(), Updated = made.Updated },
            UpdateMask = FieldMask.FromString("label,output"),
        };
        var changed = (await bench.Triggers.UpdateTriggerAsync(change)).Trigger;
        Assert.Equal(("Mine", "d", 0), (changed.Label, changed.Description, changed.Output.Fields.Count));
        var stale = await RefusedCall.OfAsync(() => bench.Triggers.UpdateTriggerAsync(change).ResponseAsync);
        Assert.Equal((StatusCode.Aborted, "UPDATED_CHANGED"), (stale.Code, stale.Reason));

        var kept = (await bench.EmitAsync("{}", trigger: "edge.mine")).EventId;
        await bench.Triggers.DeleteTriggerAsync(new() { Ref = "edge.mine" });
        Assert.Equal("edge.mine", (await bench.EventAsync(kept)).TriggerRef);
        Assert.Equal("TRIGGER_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.EmitAsync("{}", trigger: "edge.mine"))).Reason);
        foreach (var call in (Func<Task>[])
        [
            () => bench.Triggers.GetTriggerAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Triggers.DeleteTriggerAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Triggers.EnableTriggerAsync(new() { Ref = "edge.mine" }).ResponseAsync,
            () => bench.Triggers.UpdateTriggerAsync(change).ResponseAsync,
        ])
            Assert.Equal("TRIGGER_NOT_FOUND", (await RefusedCall.OfAsync(call)).Reason);
    }

    [Fact]
    public async Task Of_a_packs_trigger_only_enabled_may_be_changed()
    {
        var update = new UpdateTriggerRequest { Trigger = new() { Ref = "edge.seen", Label = "x" }, UpdateMask = FieldMask.FromString("label") };
        Assert.Equal("NOT_ADHOC", (await RefusedCall.OfAsync(() => bench.Triggers.UpdateTriggerAsync(update).ResponseAsync)).Reason);
        Assert.Equal("NOT_ADHOC", (await RefusedCall.OfAsync(() => bench.Triggers.DeleteTriggerAsync(new() { Ref = "edge.seen" }).ResponseAsync)).Reason);
        update.UpdateMask = FieldMask.FromString("enabled");
        Assert.False((await bench.Triggers.UpdateTriggerAsync(update)).Trigger.Enabled);
    }

    [Fact]
    public async Task A_switch_survives_an_upgrade_unless_the_file_says_otherwise_than_before()
    {
        await bench.Triggers.DisableTriggerAsync(new() { Ref = "edge.seen" });
        await bench.InstallAsync("2.0.0");
        Assert.False((await bench.Triggers.GetTriggerAsync(new() { Ref = "edge.seen" })).Trigger.Enabled);
        await bench.InstallAsync("3.0.0", ("triggers/seen.yaml", ChainBench.Trigger + "\nenabled: false\n"));
        await bench.InstallAsync("4.0.0");
        Assert.True((await bench.Triggers.GetTriggerAsync(new() { Ref = "edge.seen" })).Trigger.Enabled);
    }

    [Fact]
    public async Task Every_mistake_of_a_trigger_is_listed()
    {
        var refused = await RefusedCall.OfAsync(() => bench.Triggers.CreateTriggerAsync(new()
        {
            Trigger = new()
            {
                Ref = "edge.bad",
                Label = "a\0b",
                Tags = { "" },
                Parameters = ChainBench.Json("""{"a": {"type": "text"}}"""),
                Output = ChainBench.Json("""{"b": {"type": "integer", "minimun": 1}}"""),
            },
        }).ResponseAsync);
        Assert.Equal("SCHEMA_INVALID", refused.Reason);
        Assert.Equal(
            ["trigger.label", "trigger.output.b.minimun", "trigger.parameters.a.type", "trigger.tags[0]"],
            refused.Violations.Select(each => each.Field).Order(StringComparer.Ordinal));

        foreach (var reference in (string[])["", "edge", "Edge.x", "edge.x.y"])
            Assert.Equal("REF_INVALID", (await RefusedCall.OfAsync(() => bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = reference } }).ResponseAsync)).Reason);
        Assert.Equal("PACK_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "nopack.x" } }).ResponseAsync)).Reason);
        foreach (var mask in (string[])["", "ref", "label,webhook_enabled"])
        {
            Assert.Equal("UPDATE_MASK_INVALID", (await RefusedCall.OfAsync(() => bench.Triggers.UpdateTriggerAsync(
                new() { Trigger = new() { Ref = "edge.seen" }, UpdateMask = new() { Paths = { mask.Split(',', StringSplitOptions.RemoveEmptyEntries) } } }).ResponseAsync)).Reason);
        }
    }

    [Fact]
    public async Task Rights_are_asked_for_by_pack()
    {
        var client = new TriggerService.TriggerServiceClient(bench.Server.Anonymous);
        var elsewhere = await bench.LoginWithAsync("""[{"resource": "triggers", "actions": ["*"], "constraints": {"packs": ["core"]}}]""");
        foreach (var call in (Func<Task>[])
        [
            () => client.GetTriggerAsync(new() { Ref = "edge.seen" }, elsewhere).ResponseAsync,
            () => client.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.new" } }, elsewhere).ResponseAsync,
            () => client.UpdateTriggerAsync(new() { Trigger = new() { Ref = "edge.seen" }, UpdateMask = FieldMask.FromString("enabled") }, elsewhere).ResponseAsync,
            () => client.DisableTriggerAsync(new() { Ref = "edge.seen" }, elsewhere).ResponseAsync,
            () => client.DeleteTriggerAsync(new() { Ref = "edge.seen" }, elsewhere).ResponseAsync,
        ])
            Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(call)).Code);
        Assert.All((await client.ListTriggersAsync(new(), elsewhere)).Triggers, each => Assert.Equal("core", each.PackRef));
    }

    [Fact]
    public async Task What_a_rule_may_set_is_never_secret_because_rules_show_it()
    {
        var refused = await RefusedCall.OfAsync(() => bench.Triggers.CreateTriggerAsync(new()
        {
            Trigger = new() { Ref = "edge.polled", Parameters = ChainBench.Json("""{"token": {"type": "string", "secret": true}}""") },
        }).ResponseAsync);

        Assert.Equal("trigger.parameters", Assert.Single(refused.Violations).Field);
    }
}
