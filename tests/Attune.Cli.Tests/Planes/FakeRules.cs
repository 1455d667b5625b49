using System.Collections.Concurrent;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Remembers what it was asked; every rule is on `edge.alarm` and has a timer.</summary>
public sealed class FakeRules : RuleService.RuleServiceBase
{
    public ConcurrentQueue<CreateRuleRequest> Created { get; } = new();

    public ConcurrentQueue<UpdateRuleRequest> Updated { get; } = new();

    public ConcurrentQueue<string> Deleted { get; } = new();

    public ConcurrentQueue<TestRuleRequest> Tested { get; } = new();

    public ConcurrentQueue<ReplayEventsRequest> Replayed { get; } = new();

    public override Task<GetRuleResponse> GetRule(GetRuleRequest request, ServerCallContext context)
        => request.Ref is "edge.nobody"
            ? throw FakeControlPlane.Failure(StatusCode.NotFound, "RULE_NOT_FOUND", "There is no rule edge.nobody.")
            : Task.FromResult(new GetRuleResponse { Rule = Rule(request.Ref) });

    public override Task<ListRulesResponse> ListRules(ListRulesRequest request, ServerCallContext context)
        => Task.FromResult(new ListRulesResponse { Rules = { Rule("edge.page"), Rule("edge.log") } });

    public override Task<CreateRuleResponse> CreateRule(CreateRuleRequest request, ServerCallContext context)
    {
        Created.Enqueue(request);
        return Task.FromResult(new CreateRuleResponse { Rule = request.Rule });
    }

    public override Task<UpdateRuleResponse> UpdateRule(UpdateRuleRequest request, ServerCallContext context)
    {
        Updated.Enqueue(request);
        return Task.FromResult(new UpdateRuleResponse { Rule = request.Rule });
    }

    public override Task<DeleteRuleResponse> DeleteRule(DeleteRuleRequest request, ServerCallContext context)
    {
        Deleted.Enqueue(request.Ref);
        return Task.FromResult(new DeleteRuleResponse());
    }

    public override Task<TestRuleResponse> TestRule(TestRuleRequest request, ServerCallContext context)
    {
        Tested.Enqueue(request);
        return Task.FromResult(new TestRuleResponse
        {
            Trials =
            {
                new RuleTrial { EventId = 9, Matched = true, ActionRef = "core.echo", Parameters = Struct.Parser.ParseJson("""{"message": "hi"}""") },
                new RuleTrial { EventId = 8, Why = "zone equals 'core': it is 'edge'" },
            },
        });
    }

    public override Task<ReplayEventsResponse> ReplayEvents(ReplayEventsRequest request, ServerCallContext context)
    {
        Replayed.Enqueue(request);
        var answer = new ReplayEventsResponse();
        answer.Events.Add(request.EventIds.Select(id => new ReplayedEvent { EventId = id + 100, ReplayOf = id, ExecutionId = id + 200 }));
        return Task.FromResult(answer);
    }

    static Rule Rule(string reference) => new()
    {
        Ref = reference,
        PackRef = "edge",
        TriggerRef = "edge.alarm",
        ActionRef = "edge.check",
        ActionParams = Struct.Parser.ParseJson("""{"host": "before", "port": 1}"""),
        Enabled = true,
        Updated = FakeExecutions.Noon,
        Problems = { "there is no action core.echo" },
        Timer = new()
        {
            NextFires = { FakeExecutions.Noon },
            MissedCount = 4,
            Misses = { new TimerMiss { FirstScheduledAt = FakeExecutions.Noon, LastScheduledAt = FakeExecutions.Noon, Count = 4, FiredLate = 1, Policy = "latest" } },
        },
    };
}
