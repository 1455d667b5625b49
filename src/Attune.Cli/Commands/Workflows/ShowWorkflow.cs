using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class ShowWorkflow
{
    static readonly Argument<string> reference = WorkflowArguments.Ref();

    public static Command Command() => new Command("show", "One workflow: its tasks and what follows what").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var workflow = (await run.Client.Workflows.GetWorkflowAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct)).Workflow;
        run.Answer.Show(
            workflow,
            new("Ref", workflow.Ref),
            new("Label", workflow.Label),
            new("Pack", workflow.PackRef),
            new("Version", workflow.Version),
            new("Tasks", string.Join('\n', workflow.Tasks.SelectMany(Lines))),
            new("Draw it", $"attune workflow graph {workflow.Ref}"));
    }

    static IEnumerable<string> Lines(WorkflowGraphTask task)
    {
        var what = task.IsInquiry ? "asks people" : task.ActionRef;
        var join = task.JoinCount is 0 ? "" : $", waits for {task.JoinCount} {(task.JoinCount is 1 ? "branch" : "branches")}";
        yield return $"{task.Name}: {what}{(task.HasItems ? ", for each item" : "")}{join}";
        foreach (var edge in task.Next)
            yield return $"  {Condition(edge)} → {edge.To}";
    }

    static string Condition(WorkflowGraphEdge edge) => edge switch
    {
        { IsOnError: true } => "on error",
        { IsElse: true } => "else",
        { When: "" } => "then",
        _ => $"when {edge.When}",
    };
}
