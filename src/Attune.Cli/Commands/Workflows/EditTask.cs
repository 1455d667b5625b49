using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class EditTask
{
    static readonly Argument<string> id = WorkflowArguments.Execution();
    static readonly Option<string> task = new("--task") { Description = "Which task", HelpName = "NAME", Required = true };
    static readonly Option<int?> item = new("--item") { Description = "One item of its with_items, from 0", HelpName = "N" };
    static readonly Option<string?> input = new("--input")
    {
        Description = "It runs again with this: JSON, @FILE, or - for stdin",
        HelpName = "JSON",
    };
    static readonly Option<string?> result = new("--result")
    {
        Description = "It counts as completed with this: JSON, @FILE, or - for stdin",
        HelpName = "JSON",
    };
    static readonly Option<string?> reason = WorkflowArguments.Reason();

    public static Command Command()
        => new Command("edit", "Change a task's input or result in a run that ended or is paused, and go on from there")
            .With(id, task, item, input, result, reason)
            .Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new EditTaskRequest
        {
            ExecutionId = WorkflowArguments.ParseId(run.Get(id)),
            TaskName = run.Get(task)!,
            Reason = run.Get(reason) ?? "",
        };
        if (run.Get(item) is { } index)
            request.ItemIndex = index;
        switch (run.Get(input), run.Get(result))
        {
            case ({ } text, null):
                request.Input = ParameterFile.ReadInline(text, "--input");
                break;
            case (null, { } text):
                request.Result = ParameterFile.ReadInlineValue(text, "--result");
                break;
            default:
                throw new CommandFailure("Either --input or --result: what is to be changed?");
        }

        var workflow = (await run.Client.Workflows.EditTaskAsync(request, cancellationToken: ct)).WorkflowExecution;
        var what = request.ChangeCase is EditTaskRequest.ChangeOneofCase.Input ? "input" : "result";
        return WorkflowArguments.HasLast(workflow, $"edit_{what}", [request.TaskName])
            ? WorkflowArguments.Done(run, workflow, $"Changed the {what} of {request.TaskName}.")
            : WorkflowArguments.NothingDone(run, workflow, "Nothing was changed.");
    }
}
