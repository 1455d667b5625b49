using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Two actions; `edge.check` has a parameter of every type.</summary>
public sealed class FakeActions : ActionService.ActionServiceBase
{
    public const string Schema = """
        {
          "host":    {"type": "string", "required": true, "description": "Host name"},
          "port":    {"type": "integer", "default": 443},
          "ratio":   {"type": "number"},
          "verify":  {"type": "boolean"},
          "paths":   {"type": "array", "items": {"type": "string"}},
          "tls":     {"type": "object", "properties": {"minimum": {"type": "string"}, "depth": {"type": "integer"}}},
          "extra":   {"type": "object"},
          "api_key": {"type": "string", "secret": true}
        }
        """;

    public override Task<GetActionResponse> GetAction(GetActionRequest request, ServerCallContext context)
    {
        var schema = request.Ref switch
        {
            "core.echo" => """{"message": {"type": "string", "required": true}}""",
            "edge.check" => Schema,
            "edge.login" => """{"password": {"type": "string", "secret": true, "required": true}}""",
            _ => throw FakeControlPlane.Failure(StatusCode.NotFound, "ACTION_NOT_FOUND", $"There is no action {request.Ref}."),
        };
        return Task.FromResult(new GetActionResponse
        {
            Action = new() { Ref = request.Ref, PackRef = "edge", Enabled = true, Parameters = Struct.Parser.ParseJson(schema) },
        });
    }

    public override Task<ListActionsResponse> ListActions(ListActionsRequest request, ServerCallContext context)
        => Task.FromResult(new ListActionsResponse
        {
            Actions =
            {
                new V1.Action { Ref = "core.echo", RuntimeRef = "core.native", Enabled = true, Label = "Echo" },
                new V1.Action { Ref = "edge.check", RuntimeRef = "core.python", Enabled = false, Label = "Check: a\nhost\e[31m" },
            },
        });
}
