using System.CommandLine;
using Attune.Cli.Parameters;

namespace Attune.Cli.Commands.Workers;

static class DrainWorker
{
    static readonly Argument<string> name = WorkerArguments.Name();
    static readonly Option<string?> deadline = new("--deadline")
    {
        Description = "Then cancel what still runs (default: never)",
        HelpName = "SPAN",
    };
    static readonly Option<string?> reason = new("--reason") { Description = "Said to whoever asks why", HelpName = "TEXT" };

    public static Command Command()
        => new Command("drain", "Give an agent nothing new and let it finish").With(name, deadline, reason).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workers.DrainWorkerAsync(
            new()
            {
                Name = run.Get(name),
                Deadline = Spans.Duration(run.Get(deadline), "--deadline"),
                Reason = run.Get(reason) ?? "",
            },
            cancellationToken: ct);
        run.Answer.Done(
            answer.Worker,
            $"{answer.Worker.Name} drains: {answer.Worker.SlotsInUse} still running. Undo: attune worker uncordon {answer.Worker.Name}");
    }
}
