using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows;
using Attune.Packs.Files;
using Attune.Server.Hosting;
using Attune.Server.Packs;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>Finds every mistake of a workflow's file among the actions that there are now. Stores nothing.</summary>
sealed class CheckWorkflow(CalledActionStore called, PackStore packs)
{
    const int BytesMax = 3 << 20;
    const int ActionsMax = 10_000;

    // More than anyone reads; the answer must stay smaller than a message may be.
    const int ProblemsMax = 1000;

    public async Task<Result<Wire.CheckWorkflowResponse>> RunAsync(Caller caller, Wire.CheckWorkflowRequest request, CancellationToken ct)
    {
        if (request.PackRef is not "")
            caller.Demand("workflows", "read", request.PackRef);
        if (Encoding.UTF8.GetByteCount(request.Definition) is var size && size > BytesMax)
        {
            return Failure.Invalid(
                "DEFINITION_TOO_LARGE", "definition", $"has {size} bytes; at most {BytesMax} are checked, and no pack may hold one of more than 1 MiB.");
        }

        if (request.Actions.Count > ActionsMax)
            return Failure.Invalid("ACTIONS_INVALID", "actions", $"has {request.Actions.Count} actions; at most {ActionsMax} are allowed.");

        var answer = new Wire.CheckWorkflowResponse();
        var file = WorkflowFile.Read(request.Definition);
        var around = await SurroundAsync(caller, request, file, answer, ct);
        answer.Problems.Add(file.Check(around).Take(ProblemsMax).Select(problem => new Wire.WorkflowProblem
        {
            Line = problem.Line,
            Column = problem.Column,
            Path = problem.Path,
            Message = problem.Message,
        }));
        if (file.Workflow is { } read)
        {
            answer.Tasks.Add(read.ToWire());
            answer.Drawing = WorkflowMapping.Draw(read, standing: null, request.DrawingFormat);
        }

        return answer;
    }

    async Task<WorkflowCheckSurroundings> SurroundAsync(
        Caller caller, Wire.CheckWorkflowRequest request, WorkflowFile file, Wire.CheckWorkflowResponse answer, CancellationToken ct)
    {
        var refs = file.Actions.ToArray();
        var actions = (await called.FindAsync(refs, caller.PacksFor("actions", "read")?.ToArray(), ct)).ToDictionary(action => action.Ref);
        foreach (var own in request.Actions)
            actions[own.Ref] = new(own.Ref, Schema.Parse(JsonElement.Parse(own.ParametersSchema.ToUtf8Json())).Schema ?? Schema.Empty, own.IsWorkflow);
        var pack = request.PackRef is "" ? null : await packs.FindAsync(request.PackRef, ct);
        return new()
        {
            Parameters = ReadParameters(request, answer),
            PackConfig = pack is null ? null : Schema.Parse(JsonElement.Parse(pack.ConfSchema)).Schema,
            Actions = actions,
            ActionRefs = Array.TrueForAll(refs, actions.ContainsKey)
                ? []
                : [.. await called.ListRefsAsync(caller.PacksFor("actions", "read")?.ToArray(), ct), .. request.Actions.Select(own => own.Ref)],
            PermissionSets = await called.ListPermissionSetsAsync(ct),
        };
    }

    static Schema? ReadParameters(Wire.CheckWorkflowRequest request, Wire.CheckWorkflowResponse answer)
    {
        if (request.ParametersSchema is null)
            return null;

        var reading = Schema.Parse(JsonElement.Parse(request.ParametersSchema.ToUtf8Json()));
        answer.Problems.Add(reading.Problems.Select(problem => new Wire.WorkflowProblem
        {
            Path = problem.PathUnder("parameters"),
            Message = $"In the action's file: {problem.Message}",
        }));
        return reading.Schema;
    }
}
