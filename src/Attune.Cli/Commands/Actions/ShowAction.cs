using System.CommandLine;
using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Actions;

static class ShowAction
{
    static readonly Suggested<string> actionRef = new("REF", Suggestions.ActionRefsAsync) { Description = "Ref of the action" };

    public static Command Command() => new Command("show", "One action, with its parameters").With(actionRef).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Actions.GetActionAsync(new() { Ref = run.Get(actionRef) }, cancellationToken: ct);
        var action = answer.Action;
        run.Answer.Show(
            action,
            new("Ref", action.Ref),
            new("Label", action.Label),
            new("Description", action.Description),
            new("Enabled", action.Enabled ? "" : "no"),
            new("Runtime", action.IsWorkflow ? "workflow" : $"{action.RuntimeRef} {action.RuntimeVersion}".TrimEnd()),
            new("Entry point", action.EntryPoint),
            new("Timeout", action.TimeoutSeconds is 0 ? "" : Texts.Setting(TimeSpan.FromSeconds(action.TimeoutSeconds))),
            new("Delivery", action.Delivery),
            new("Retry", Retry(action.Retry)),
            new("Needs labels", Texts.Labels(action.WorkerLabels)),
            new("Gets permissions", string.Join(", ", action.PermissionSets)),
            new("Tags", string.Join(", ", action.Tags)),
            new("Parameters", Fields(action.Parameters)),
            new("Output", Fields(action.Output)),
            new("Run it", $"attune run {action.Ref}{Example(action)}"));
    }

    static string Retry(ActionRetry? retry)
        => retry is { MaxAttempts: > 1 }
            ? $"{retry.MaxAttempts} attempts, {retry.Backoff} from {retry.DelaySeconds} s, on {string.Join(", ", retry.On)}"
            : "";

    static string Fields(Google.Protobuf.WellKnownTypes.Struct? schema)
    {
        var fields = ParameterField.Read(schema).OrderByDescending(field => field.Value.Required).ToList();
        var width = fields.Select(field => field.Key.Length).DefaultIfEmpty().Max();
        return string.Join('\n', fields.Select(field => $"{field.Key.PadRight(width)}  {Describe(field.Value)}".TrimEnd()));
    }

    static string Describe(ParameterField field)
    {
        var type = field.Items is { Type.Length: > 0 } items ? $"{field.Type} of {items.Type}" : field.Type;
        string[] facts =
        [
            type,
            field.Required ? "required" : "",
            field.Secret ? "secret" : "",
            field.Default is { } fallback ? $"default {Texts.Json(fallback)}" : "",
        ];
        var text = string.Join(", ", facts.Where(fact => fact is not ""));
        return field.Description is "" ? text : $"{text}: {field.Description}";
    }

    static string Example(V1.Action action)
        => string.Concat(ParameterField.Read(action.Parameters)
            .Where(field => field.Value is { Required: true, Default: null })
            .Select(field => $" {field.Key}={(field.Value.Secret ? "@FILE" : "…")}"));
}
