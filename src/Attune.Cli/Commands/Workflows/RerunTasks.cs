using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class RerunTasks
{
    static readonly Argument<string> id = WorkflowArguments.Execution();
    static readonly Option<string[]> tasks = new("--task")
    {
        Description = "Runs again, with what follows it; may repeat",
        HelpName = "NAME",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };
    static readonly Option<string?> reason = WorkflowArguments.Reason();

    public static Command Command()
        => new Command("rerun", "Run tasks of an ended workflow again, in the same execution; what other tasks gave is kept")
            .With(id, tasks, reason)
            .Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new RerunTasksRequest { ExecutionId = WorkflowArguments.ParseId(run.Get(id)), Reason = run.Get(reason) ?? "" };
        request.TaskNames.Add(run.Get(tasks)!.Distinct());
        var workflow = (await run.Client.Workflows.RerunTasksAsync(request, cancellationToken: ct)).WorkflowExecution;
        return WorkflowArguments.HasLast(workflow, "rerun", request.TaskNames)
            ? WorkflowArguments.Done(run, workflow, $"It runs again from {string.Join(", ", request.TaskNames)}.")
            : WorkflowArguments.NothingDone(run, workflow, "Nothing runs again.");
    }
}
