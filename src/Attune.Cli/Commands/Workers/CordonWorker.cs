using System.CommandLine;

namespace Attune.Cli.Commands.Workers;

static class CordonWorker
{
    static readonly Argument<string> name = WorkerArguments.Name();

    public static Command Command()
        => new Command("cordon", "Give an agent nothing new; touch nothing that runs").With(name).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workers.CordonWorkerAsync(new() { Name = run.Get(name) }, cancellationToken: ct);
        run.Answer.Done(answer.Worker, $"{answer.Worker.Name} is cordoned. Undo: attune worker uncordon {answer.Worker.Name}");
    }
}
