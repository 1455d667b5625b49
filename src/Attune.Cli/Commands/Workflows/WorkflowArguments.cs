using System.CommandLine;
using Attune.Cli.Commands.Executions;
using Attune.Cli.Completion;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class WorkflowArguments
{
    public static Suggested<string> Ref() => new("REF", Suggestions.ActionRefsAsync) { Description = "Ref of the workflow, which is its action's" };

    public static Suggested<string> Execution() => new("ID", Suggestions.ExecutionIdsAsync) { Description = "Id of the workflow's execution" };

    public static Option<string?> Reason() => new("--reason") { Description = "Kept with the run, for whoever reads it later", HelpName = "TEXT" };

    /// <summary>What was done, and the two things one wants to do next.</summary>
    public static void Done(Invocation run, WorkflowExecution workflow, string done)
        => run.Answer.Done(workflow, $"{done} See where it stands: attune execution tree {workflow.Execution.Id}");

    public static long ParseId(string text) => ExecutionIds.Parse(text);
}
