using System.CommandLine;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Triggers;

static class ShowTrigger
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command()
        => new Command("show", "One trigger: what its events carry, what a rule may set").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Triggers.GetTriggerAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        var trigger = answer.Trigger;
        run.Answer.Show(
            trigger,
            new("Ref", trigger.Ref),
            new("Label", trigger.Label),
            new("Description", trigger.Description),
            new("Enabled", trigger.Enabled ? "" : "no: its events are refused"),
            new("Made", trigger.IsAdhoc ? "by hand" : $"by pack {trigger.PackRef}"),
            new("Tags", string.Join(", ", trigger.Tags)),
            new("A rule sets", SchemaText.Fields(trigger.Parameters)),
            new("An event carries", SchemaText.Fields(trigger.Output) is { Length: > 0 } fields ? fields : "anything"),
            new("Webhook", trigger.WebhookEnabled ? $"open (attune trigger webhook show {trigger.Ref})" : ""),
            new("Emit one", $"attune event emit {trigger.Ref}{Example(trigger)}"));
    }

    static string Example(Trigger trigger)
        => string.Concat(ParameterField.Read(trigger.Output)
            .Where(field => field.Value is { Required: true, Default: null })
            .Select(field => $" {field.Key}={(field.Value.Secret ? "@FILE" : "…")}"));
}
