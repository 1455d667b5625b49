using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class ShowWebhook
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command()
        => new Command("show", "Its webhook: the address, and what is checked").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Triggers.GetWebhookAsync(new() { TriggerRef = run.Get(reference) }, cancellationToken: ct);
        WebhookText.Write(run, answer.Webhook, answer.Webhook);
    }
}
