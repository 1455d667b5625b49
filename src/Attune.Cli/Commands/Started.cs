using System.Globalization;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands;

/// <summary>What is said of an execution that was just started.</summary>
static class Started
{
    /// <summary>Follows it; or names it: its id alone on stdout, so that `$(…)` catches it, and how to follow it on stderr.</summary>
    public static async Task<int> ReportAsync(Invocation run, Execution execution, bool follow, CancellationToken ct)
    {
        if (follow)
        {
            run.Answer.Note($"Execution {execution.Id} of {execution.ActionRef}");
            return await new FollowToEnd(run).RunAsync(execution.Id, [], ct);
        }

        if (!run.Answer.IsTable)
        {
            run.Answer.Document(WireJson.Of(execution));
            return ExitCode.Ok;
        }

        run.Terminal.Out.WriteLine(execution.Id.ToString(CultureInfo.InvariantCulture));
        run.Answer.Note($"Started {execution.ActionRef}. Follow it: attune execution logs -f {execution.Id}");
        return ExitCode.Ok;
    }
}
