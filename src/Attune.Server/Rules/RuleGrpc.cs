using Attune.Packs;
using Attune.Server.Hosting;
using Attune.Server.Timers;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Rules;

sealed class RuleGrpc(RuleStore store, RuleCommands commands, CheckRule check, DescribeTimer timers, TimeProvider clock)
    : RuleService.RuleServiceBase
{
    public override async Task<GetRuleResponse> GetRule(GetRuleRequest request, ServerCallContext context)
    {
        // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
        context.GetCaller().Demand("rules", "read", PackNames.PackOf(request.Ref));
        var row = await store.FindAsync(request.Ref, context.CancellationToken) ?? throw SaveRule.NotFound(request.Ref).ToRpcException();
        return new() { Rule = await ToWireAsync(row, context.CancellationToken) };
    }

    public override async Task<ListRulesResponse> ListRules(ListRulesRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var rows = await store.ListAsync(
            new()
            {
                Pack = request.PackRef,
                Trigger = request.TriggerRef,
                Action = request.ActionRef,
                Tag = request.Tag,
                Enabled = request.HasEnabled ? request.Enabled : null,
                Packs = context.GetCaller().PacksFor("rules", "read")?.ToArray(),
                After = page.After,
                Limit = page.Limit,
            },
            context.CancellationToken);
        var (shown, next) = page.Cut(rows, row => row.Ref);
        var answer = new ListRulesResponse { NextPageToken = next };
        foreach (var row in shown)
        {
            var rule = row.ToWire();
            rule.Problems.Add(await check.FindProblemsAsync(row, context.CancellationToken));
            answer.Rules.Add(rule);
        }

        return answer;
    }

    public override async Task<CreateRuleResponse> CreateRule(CreateRuleRequest request, ServerCallContext context)
    {
        var enabled = !request.HasEnabled || request.Enabled;
        var made = await commands.Save.CreateAsync(context.GetCaller(), request.Rule ?? new(), enabled, context.CancellationToken);
        return new() { Rule = await ToWireAsync(made.OrThrowRpc(), context.CancellationToken) };
    }

    public override async Task<UpdateRuleResponse> UpdateRule(UpdateRuleRequest request, ServerCallContext context)
    {
        var updated = await commands.Save.UpdateAsync(
            context.GetCaller(), request.Rule ?? new(), request.UpdateMask, context.CancellationToken);
        return new() { Rule = await ToWireAsync(updated.OrThrowRpc(), context.CancellationToken) };
    }

    public override async Task<DeleteRuleResponse> DeleteRule(DeleteRuleRequest request, ServerCallContext context)
    {
        (await commands.Save.DeleteAsync(context.GetCaller(), request.Ref, context.CancellationToken)).ThrowRpcIfAny();
        return new();
    }

    public override async Task<EnableRuleResponse> EnableRule(EnableRuleRequest request, ServerCallContext context)
    {
        var enabled = await commands.Save.SetEnabledAsync(context.GetCaller(), request.Ref, true, context.CancellationToken);
        return new() { Rule = await ToWireAsync(enabled.OrThrowRpc(), context.CancellationToken) };
    }

    public override async Task<DisableRuleResponse> DisableRule(DisableRuleRequest request, ServerCallContext context)
    {
        var disabled = await commands.Save.SetEnabledAsync(context.GetCaller(), request.Ref, false, context.CancellationToken);
        return new() { Rule = await ToWireAsync(disabled.OrThrowRpc(), context.CancellationToken) };
    }

    public override async Task<TestRuleResponse> TestRule(TestRuleRequest request, ServerCallContext context)
    {
        var command = new TestCommand
        {
            RuleRef = request.RuleRef,
            Rule = request.Rule,
            // Without the cast null would become an empty memory, which arrays convert to.
            Payload = request.Payload is null ? (ReadOnlyMemory<byte>?)null : request.Payload.ToUtf8Json(),
            EventId = request.EventId,
            Last = request.Last,
        };
        return (await commands.Test.RunAsync(context.GetCaller(), command, clock, context.CancellationToken)).OrThrowRpc();
    }

    public override async Task<ReplayEventsResponse> ReplayEvents(ReplayEventsRequest request, ServerCallContext context)
        => (await commands.Replay.RunAsync(context.GetCaller(), request.RuleRef, request.EventIds, context.CancellationToken)).OrThrowRpc();

    async Task<Rule> ToWireAsync(RuleRow row, CancellationToken ct)
    {
        var rule = row.ToWire();
        rule.Problems.Add(await check.FindProblemsAsync(row, ct));
        if (Engine.Timers.Schedule.IsTimer(row.TriggerRef))
            rule.Timer = await timers.RunAsync(row.Id, ct);
        return rule;
    }
}

/// <summary>What can be done with rules.</summary>
sealed record RuleCommands(SaveRule Save, TestRule Test, ReplayEvents Replay);
