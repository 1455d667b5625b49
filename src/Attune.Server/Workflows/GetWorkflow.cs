using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows;
using Attune.Packs;
using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>A workflow as its pack's current release has it.</summary>
sealed class GetWorkflow(WorkflowDefinitionStore store)
{
    public async Task<Result<Wire.GetWorkflowResponse>> RunAsync(
        Caller caller, string reference, Wire.DrawingFormat drawing, CancellationToken ct)
    {
        // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
        caller.Demand("workflows", "read", PackNames.PackOf(reference));
        if (await store.FindAsync(reference, ct) is not { } row)
            return await NotFoundAsync(caller, reference, ct);

        // It was checked when it was installed.
        var problems = new List<WorkflowProblem>();
        var graph = Workflow.Read(JsonElement.Parse(row.Definition), problems)
            ?? throw new FormatException($"Workflow {reference} cannot be read: {string.Join("; ", problems.Take(5).Select(each => $"{each.Path}: {each.Message}"))}");
        return new Wire.GetWorkflowResponse
        {
            Workflow = row.ToWire(graph),
            Drawing = WorkflowMapping.Draw(graph, standing: null, drawing),
        };
    }

    async Task<Failure> NotFoundAsync(Caller caller, string reference, CancellationToken ct)
    {
        var near = reference.Length > PackNames.MaxLength
            ? null
            : NearestName.Find(reference, await store.ListRefsAsync(caller.PacksFor("workflows", "read")?.ToArray(), ct));
        return Failure.NotFound(
            "WORKFLOW_NOT_FOUND", $"There is no workflow '{reference}'.{(near is null ? "" : $" Did you mean '{near}'?")}");
    }
}
