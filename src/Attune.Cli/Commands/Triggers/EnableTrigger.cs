using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class EnableTrigger
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command() => new Command("enable", "Let its events in again").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Triggers.EnableTriggerAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Trigger, $"{answer.Trigger.Ref} is enabled.");
    }
}
