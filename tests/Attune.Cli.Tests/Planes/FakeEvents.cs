using System.Collections.Concurrent;
using System.Globalization;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Records nothing; event 7 has met one rule of every fate.</summary>
public sealed class FakeEvents : EventService.EventServiceBase
{
    public ConcurrentQueue<EmitEventRequest> Emitted { get; } = new();

    public ConcurrentQueue<ListEventsRequest> Listed { get; } = new();

    public ConcurrentQueue<ListEnforcementsRequest> ListedEnforcements { get; } = new();

    /// <summary>What emitting answers.</summary>
    public EmitEventResponse Answer { get; set; } = new() { EventId = 7, ExecutionIds = { 41, 42 } };

    /// <summary>Newest first, from this id down; every third was meant for another rule.</summary>
    public int ListTotal { get; set; } = 3;

    public override Task<EmitEventResponse> EmitEvent(EmitEventRequest request, ServerCallContext context)
    {
        Emitted.Enqueue(request);
        return Task.FromResult(Answer);
    }

    public override Task<GetEventResponse> GetEvent(GetEventRequest request, ServerCallContext context)
        => request.EventId is 404
            ? throw FakeControlPlane.Failure(StatusCode.NotFound, "EVENT_NOT_FOUND", "There is no event 404.")
            : Task.FromResult(new GetEventResponse
            {
                Event = new()
                {
                    Id = request.EventId,
                    TriggerRef = "edge.alarm",
                    Origin = EventOrigin.Sensor,
                    SourceRef = "edge.watch",
                    Payload = Struct.Parser.ParseJson("""{"zone": "edge"}"""),
                    Created = FakeExecutions.Noon,
                    Enforcements =
                    {
                        Enforcement(1, "edge.page", EnforcementStatus.Processed, execution: 3),
                        Enforcement(2, "edge.log", EnforcementStatus.Processed, error: new() { Reason = "PARAMETERS_FAILED", Message = "payload has no 'host'" }),
                        Enforcement(3, "edge.off", EnforcementStatus.Disabled),
                    },
                    Unmatched = { new Unmatched { RuleRef = "edge.core_only", Why = "zone equals 'core': it is 'edge'" } },
                    UnmatchedCount = 60,
                },
            });

    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        Listed.Enqueue(request.Clone());
        var from = request.PageToken is "" ? ListTotal : int.Parse(request.PageToken, CultureInfo.InvariantCulture);
        var size = Math.Min(request.PageSize, from);
        var page = new ListEventsResponse();
        page.Events.Add(Enumerable.Range(0, size).Select(each => new Event
        {
            Id = from - each,
            TriggerRef = "edge.alarm",
            Origin = EventOrigin.Api,
            RuleRef = (from - each) % 3 == 0 ? "edge.other" : "",
            Created = FakeExecutions.Noon,
        }));
        page.NextPageToken = from - size > 0 ? (from - size).ToString(CultureInfo.InvariantCulture) : "";
        return Task.FromResult(page);
    }

    public override Task<GetEnforcementResponse> GetEnforcement(GetEnforcementRequest request, ServerCallContext context)
        => Task.FromResult(new GetEnforcementResponse { Enforcement = Enforcement(request.EnforcementId, "edge.page", EnforcementStatus.Processed, 3) });

    public override Task<ListEnforcementsResponse> ListEnforcements(ListEnforcementsRequest request, ServerCallContext context)
    {
        ListedEnforcements.Enqueue(request);
        return Task.FromResult(new ListEnforcementsResponse { Enforcements = { Enforcement(1, "edge.page", EnforcementStatus.Processed, 3) } });
    }

    static Enforcement Enforcement(long id, string rule, EnforcementStatus status, long execution = 0, EnforcementError? error = null)
        => new()
        {
            Id = id,
            EventId = 7,
            RuleRef = rule,
            TriggerRef = "edge.alarm",
            Status = status,
            ActionRef = "core.echo",
            ExecutionId = execution,
            Error = error,
            Created = FakeExecutions.Noon,
        };
}
