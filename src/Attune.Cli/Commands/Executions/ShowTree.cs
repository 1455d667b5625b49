using System.CommandLine;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class ShowTree
{
    static readonly TimeSpan redrawInterval = TimeSpan.FromSeconds(1);

    static readonly Argument<string> id = ExecutionIds.One();
    static readonly Option<int?> limit = new("--limit") { Description = "At most so many lines (default 1000); failed and unfinished ones first", HelpName = "N" };
    static readonly Option<bool> follow = new("--follow", "-f") { Description = "Draw it again as it changes; ends as it ends" };

    public static Command Command()
        => new Command("tree", "An execution and everything below it: tasks, tries, items, sub-workflows").With(id, limit, follow).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new GetExecutionTreeRequest { ExecutionId = ExecutionIds.Parse(run.Get(id)), NodeLimit = run.Get(limit) ?? 0 };
        var drawn = new ExecutionTreeText(run, isRedrawn: run.Get(follow) && run.Terminal.OutIsTerminal);
        while (true)
        {
            var tree = await run.Client.Executions.GetExecutionTreeAsync(request, cancellationToken: ct);
            var root = tree.Nodes[0];
            var isOver = !run.Get(follow) || root.Status.IsFinal();
            if (run.Answer.IsTable)
                drawn.Write(tree);
            else if (isOver)
                run.Answer.Document(WireJson.Of(tree));
            if (isOver)
                return !run.Get(follow) || root.Status is ExecutionStatus.Completed ? ExitCode.Ok : ExitCode.ExecutionFailed;

            await Task.Delay(redrawInterval, run.Clock, ct);
        }
    }
}
