using System.CommandLine;
using Attune.Cli.Commands.Executions;
using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class WorkflowArguments
{
    public static Suggested<string> Ref() => new("REF", Suggestions.ActionRefsAsync) { Description = "Ref of the workflow, which is its action's" };

    public static Suggested<string> Execution() => new("ID", Suggestions.ExecutionIdsAsync) { Description = "Id of the workflow's execution" };

    public static Option<string?> Reason() => new("--reason") { Description = "Kept with the run, for whoever reads it later", HelpName = "TEXT" };

    /// <summary>What was done, how the run stands since, and what one wants to do next.</summary>
    public static int Done(Invocation run, WorkflowExecution workflow, string done)
    {
        run.Answer.Done(workflow, $"{done} {Stands(workflow)} See where it stands: attune execution tree {workflow.Execution.Id}");
        return ExitCode.Ok;
    }

    public static int NothingDone(Invocation run, WorkflowExecution workflow, string what)
    {
        run.Answer.Done(workflow, $"{what} {Stands(workflow)} See where it stands: attune execution tree {workflow.Execution.Id}");
        return ExitCode.NothingDone;
    }

    /// <summary>Whether the last change on record is this one.</summary>
    public static bool HasLast(WorkflowExecution workflow, string kind, IEnumerable<string> tasks)
        => workflow.LeftOut.Contains("edits") || (workflow.Edits.LastOrDefault(edit => edit.Kind == kind)?.TaskNames.SequenceEqual(tasks) ?? false);

    // As the answer has it: a run that goes on may have ended again already.
    static string Stands(WorkflowExecution workflow) => workflow switch
    {
        { Paused: true } => $"Execution {workflow.Execution.Id} is paused. Go on: attune workflow resume {workflow.Execution.Id}.",
        { Execution: { Error: { Message: { Length: > 0 } message } } execution } => $"Execution {execution.Id} is {Texts.Word(execution.Status)}: {message.TrimEnd('.')}.",
        { Execution: var execution } => $"Execution {execution.Id} is {Texts.Word(execution.Status)}.",
    };

    public static long ParseId(string text) => ExecutionIds.Parse(text);
}
