using System.Collections.Concurrent;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>`edge.alarm` has a schema, `edge.open` has none.</summary>
public sealed class FakeTriggers : TriggerService.TriggerServiceBase
{
    public ConcurrentQueue<CreateTriggerRequest> Created { get; } = new();

    public ConcurrentQueue<EnableWebhookRequest> Opened { get; } = new();

    public ConcurrentQueue<string> Rotated { get; } = new();

    public override Task<GetTriggerResponse> GetTrigger(GetTriggerRequest request, ServerCallContext context)
    {
        var schema = request.Ref switch
        {
            "edge.alarm" => """{"zone": {"type": "string"}, "level": {"type": "integer"}, "paths": {"type": "array", "items": {"type": "string"}}}""",
            "edge.open" => "{}",
            _ => throw FakeControlPlane.Failure(StatusCode.NotFound, "TRIGGER_NOT_FOUND", $"There is no trigger {request.Ref}."),
        };
        return Task.FromResult(new GetTriggerResponse
        {
            Trigger = new()
            {
                Ref = request.Ref,
                PackRef = "edge",
                Enabled = true,
                Output = Struct.Parser.ParseJson(schema),
                Parameters = Struct.Parser.ParseJson("""{"interval": {"type": "integer"}}"""),
            },
        });
    }

    public override Task<ListTriggersResponse> ListTriggers(ListTriggersRequest request, ServerCallContext context)
        => Task.FromResult(new ListTriggersResponse { Triggers = { new Trigger { Ref = "edge.alarm", Enabled = true }, new Trigger { Ref = "edge.open" } } });

    public override Task<CreateTriggerResponse> CreateTrigger(CreateTriggerRequest request, ServerCallContext context)
    {
        Created.Enqueue(request);
        return Task.FromResult(new CreateTriggerResponse { Trigger = request.Trigger });
    }

    public override Task<EnableWebhookResponse> EnableWebhook(EnableWebhookRequest request, ServerCallContext context)
    {
        Opened.Enqueue(request);
        return Task.FromResult(new EnableWebhookResponse
        {
            Webhook = new() { TriggerRef = request.TriggerRef, Enabled = true, Url = "http://127.0.0.1:7701/webhooks/wh_1", Signature = request.Signature },
            NewSecret = request.Secret is "" && request.Signature is not null ? "made-here" : "",
        });
    }

    public override Task<RotateWebhookResponse> RotateWebhook(RotateWebhookRequest request, ServerCallContext context)
    {
        Rotated.Enqueue(request.TriggerRef);
        return Task.FromResult(new RotateWebhookResponse
        {
            Webhook = new() { TriggerRef = request.TriggerRef, Path = "/webhooks/wh_2" },
            PreviousKeyRevoked = true,
        });
    }
}
