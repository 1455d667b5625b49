using System.CommandLine;
using System.Globalization;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Triggers;

static class EnableWebhook
{
    static readonly Argument<string> reference = TriggerArguments.Ref();
    static readonly Option<string?> style = new Option<string?>("--style") { Description = "How senders sign: github, slack, stripe or hmac", HelpName = "STYLE" }
        .AcceptOnlyFromAmong("github", "slack", "stripe", "hmac");
    static readonly Option<string?> secretFile = new("--secret-file")
    {
        Description = "The shared secret, in a file or (-) on stdin. Without it: the one it had, or a new one",
        HelpName = "FILE",
    };
    static readonly Option<string?> algorithm = new Option<string?>("--algorithm") { Description = "Of --style hmac (default sha256)", HelpName = "NAME" }
        .AcceptOnlyFromAmong("sha256", "sha512");
    static readonly Option<string?> header = new("--header") { Description = "Of --style hmac (default X-Signature)", HelpName = "NAME" };
    static readonly Option<string?> rate = new("--rate") { Description = "At most so many in so long: 100/60s", HelpName = "N/SPAN" };
    static readonly Option<string[]> allow = new("--allow") { Description = "Only from this address or range; may repeat", HelpName = "CIDR" };
    static readonly Option<int?> limit = new("--limit-kb") { Description = "Largest body, in KiB (1 to 10240, default 1024)", HelpName = "N" };
    static readonly Option<bool> replace = new("--replace") { Description = "Also drop what is not given: signature, rate, addresses" };

    public static Command Command()
        => new Command("enable", "Open its webhook, or change how it checks what comes; the address stays")
            .With(reference, style, secretFile, algorithm, header, rate, allow, limit, replace)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new EnableWebhookRequest { TriggerRef = run.Get(reference), Replace = run.Get(replace) };
        if (run.Get(style) is { } chosen)
        {
            request.Signature = new()
            {
                Style = Enum.Parse<WebhookStyle>(chosen, ignoreCase: true),
                Algorithm = run.Get(algorithm) ?? "",
                Header = run.Get(header) ?? "",
            };
        }
        else if (run.Get(secretFile) is not null || run.Get(algorithm) is not null || run.Get(header) is not null)
        {
            throw new CommandFailure("--secret-file, --algorithm and --header belong to a signature.", "Add --style github, slack, stripe or hmac.");
        }

        if (run.Get(secretFile) is { } file)
            request.Secret = Secret(file);
        if (run.Get(rate) is { } given)
            request.Rate = Rate(given);
        request.AllowedIps.Add(run.Get(allow) ?? []);
        if (run.Get(limit) is { } kilobytes)
            request.PayloadLimitKb = kilobytes;

        var answer = await run.Client.Triggers.EnableWebhookAsync(request, cancellationToken: ct);
        WebhookText.Write(run, answer, answer.Webhook, answer.NewSecret);
        if (run.Answer.IsTable && answer.NewSecret is not "")
            run.Answer.Note("The secret is not shown again: give it to the sender now.");
    }

    // One line break at its end is the editor's and not the secret's.
    static string Secret(string file)
    {
        var text = ParameterFile.ReadText(file);
        text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        return text is "" ? throw new CommandFailure("--secret-file: it is empty.") : text;
    }

    static WebhookRate Rate(string text)
    {
        var parts = text.Split('/');
        if (parts.Length is 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var requests)
            && Window(parts[1]) is { TotalSeconds: >= 1 } window)
            return new() { Requests = requests, WindowSeconds = (int)window.TotalSeconds };

        throw new CommandFailure($"--rate: '{text}' is not of the form 100/60s (100 requests in 60 seconds).");
    }

    // `100/s` and `100/60s` alike.
    static TimeSpan? Window(string text)
        => Spans.TryParse(text, out var span) || Spans.TryParse($"1{text}", out span) ? span : null;
}
