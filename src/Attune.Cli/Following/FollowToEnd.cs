using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Following;

/// <summary>What `run --follow`, `rerun --follow` and `logs --follow` have in common.</summary>
sealed class FollowToEnd(Invocation run)
{
    /// <summary>
    /// Ends with the outcome on stderr. Stdout holds what the job wrote there; the result only where it wrote nothing
    /// (the result is what it wrote, parsed). With -o json or yaml stdout is the execution, and the whole log is on stderr.
    /// </summary>
    /// <returns>0 when it completed, 1 when not, 130 when Ctrl-C detached.</returns>
    public async Task<int> RunAsync(long executionId, IReadOnlyList<LogStream> streams, CancellationToken ct)
    {
        var log = new LogFollower(run);
        Execution outcome;
        try
        {
            outcome = (await log.StreamAsync(executionId, follow: true, streams, ct))!;
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            log.EndLine();
            run.Answer.Note($"Detached; execution {executionId} goes on.");
            run.Answer.Note($"  follow it again: attune execution logs -f {executionId}");
            run.Answer.Note($"  cancel it:       attune execution cancel {executionId}");
            return ExitCode.Interrupted;
        }

        log.EndLine();
        if (!run.Answer.IsTable)
            run.Answer.Document(WireJson.Of(outcome));
        else if (!log.SawOutput && outcome.Result is { KindCase: not Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NullValue } result)
            run.Terminal.Out.WriteLine(Texts.Json(result).TrimEnd('\n'));
        if (!run.Quiet)
            run.Terminal.WriteOutcome(outcome, logWasSeen: true);
        return outcome.ExitCode();
    }
}
