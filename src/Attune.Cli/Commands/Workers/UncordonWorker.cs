using System.CommandLine;

namespace Attune.Cli.Commands.Workers;

static class UncordonWorker
{
    static readonly Argument<string> name = WorkerArguments.Name();

    public static Command Command() => new Command("uncordon", "End a cordon or a drain").With(name).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workers.UncordonWorkerAsync(new() { Name = run.Get(name) }, cancellationToken: ct);
        run.Answer.Done(answer.Worker, $"{answer.Worker.Name} takes work again.");
    }
}
