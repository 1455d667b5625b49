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
            new("Parameters", SchemaText.Fields(action.Parameters)),
            new("Output", SchemaText.Fields(action.Output)),
            new("Run it", $"attune run {action.Ref}{Example(action)}"));
    }

    static string Retry(ActionRetry? retry)
        => retry is { MaxAttempts: > 1 }
            ? $"{retry.MaxAttempts} attempts, {retry.Backoff} from {retry.DelaySeconds} s, on {string.Join(", ", retry.On)}"
            : "";

    static string Example(V1.Action action)
        => string.Concat(ParameterField.Read(action.Parameters)
            .Where(field => field.Value is { Required: true, Default: null })
            .Select(field => $" {field.Key}={(field.Value.Secret ? "@FILE" : "…")}"));
}
