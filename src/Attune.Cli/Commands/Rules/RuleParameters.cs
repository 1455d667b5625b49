using Attune.Cli.Parameters;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Commands.Rules;

/// <summary>
/// Parameters that a rule sets: typed by the schema of what takes them, or an expression. What cannot be read has no schema here, and
/// the server checks: a rule may be made before its action.
/// </summary>
static class RuleParameters
{
    public static async Task<ParameterSet> OfActionAsync(Invocation run, string actionRef, CancellationToken ct)
        => Set(actionRef, "attune action show", await SchemaAsync(
            async () => (await run.Client.Actions.GetActionAsync(new() { Ref = actionRef }, cancellationToken: ct)).Action.Parameters));

    public static async Task<ParameterSet> OfTriggerAsync(Invocation run, string triggerRef, CancellationToken ct)
        => Set(triggerRef, "attune trigger show", await SchemaAsync(
            async () => (await run.Client.Triggers.GetTriggerAsync(new() { Ref = triggerRef }, cancellationToken: ct)).Trigger.Parameters));

    static ParameterSet Set(string owner, string show, IReadOnlyDictionary<string, ParameterField>? schema)
        => new(owner, schema, ParameterFile.ReadText, show) { TakesExpressions = true };

    static async Task<IReadOnlyDictionary<string, ParameterField>?> SchemaAsync(Func<Task<Struct?>> read)
    {
        try
        {
            return ParameterField.Read(await read());
        }
        catch (RpcException unreadable) when (
            unreadable.StatusCode is StatusCode.PermissionDenied or StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return null;
        }
    }
}
