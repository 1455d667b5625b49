using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class DisableTrigger
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command() => new Command("disable", "Refuse its events from now on").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Triggers.DisableTriggerAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Trigger, $"{answer.Trigger.Ref} is disabled. Undo: attune trigger enable {answer.Trigger.Ref}");
    }
}
