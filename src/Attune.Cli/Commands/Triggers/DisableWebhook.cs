using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class DisableWebhook
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command()
        => new Command("disable", "Close its webhook; opened again it has the same address").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Triggers.DisableWebhookAsync(new() { TriggerRef = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Webhook, $"The webhook of {run.Get(reference)} is closed. Undo: attune trigger webhook enable {run.Get(reference)}");
    }
}
