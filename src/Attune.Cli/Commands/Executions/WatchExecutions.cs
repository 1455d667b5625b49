using System.CommandLine;
using System.Globalization;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class WatchExecutions
{
    static readonly Argument<string[]> ids = ExecutionIds.Many();

    public static Command Command()
        => new Command("watch", "Every change of state until all have ended; ends with 1 if one did not complete").With(ids).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new WatchExecutionRequest();
        request.ExecutionIds.Add(run.Get(ids)!.Select(ExecutionIds.Parse).Distinct());
        var last = new SortedDictionary<long, Execution>();
        using var call = run.Client.Executions.WatchExecution(request, cancellationToken: ct);
        while (await call.ResponseStream.MoveNext(ct))
        {
            foreach (var execution in call.ResponseStream.Current.Executions)
            {
                if (run.Answer.IsTable && last.GetValueOrDefault(execution.Id)?.Status != execution.Status)
                    Write(run, execution);
                last[execution.Id] = execution;
            }
        }

        if (!run.Answer.IsTable)
            run.Answer.List<Execution>([.. last.Values], "");
        return last.Values.All(execution => execution.ExitCode() is ExitCode.Ok) ? ExitCode.Ok : ExitCode.ExecutionFailed;
    }

    static void Write(Invocation run, Execution execution)
    {
        var status = Texts.Status(execution.Status);
        var time = run.Clock.GetUtcNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        var worker = execution.WorkerName is "" ? "" : $" on {execution.WorkerName}";
        var message = execution.Error?.Message is { Length: > 0 } said ? $": {new Cell(said).Printable}" : "";
        run.Terminal.Out.WriteLine(
            $"{Tone.Dim.Paint(time, run.Terminal.ColourOut)}  {execution.Id}  {execution.ActionRef}  "
                + $"{status.Tone.Paint(status.Text, run.Terminal.ColourOut)}{worker}{message}");
    }
}
