using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class RotateWebhook
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command()
        => new Command("rotate", "Give its webhook a new address; the old one is gone at once").With(reference, Confirmation.Yes).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        run.Prompt.Confirm($"Close the present address of {run.Get(reference)}'s webhook?", run.Get(Confirmation.Yes));
        var answer = await run.Client.Triggers.RotateWebhookAsync(new() { TriggerRef = run.Get(reference) }, cancellationToken: ct);
        WebhookText.Write(run, answer, answer.Webhook);
        if (run.Answer.IsTable && answer.PreviousKeyRevoked)
            run.Answer.Note("The old address answers 404 from now on.");
    }
}
