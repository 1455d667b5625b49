using System.Buffers;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;
using Attune.Packs.Files;
using Attune.Server.Executions;

namespace Attune.Server.Rules;

/// <summary>What a rule that matches an event starts, or why it starts nothing.</summary>
/// <param name="Parameters">Rendered, with secrets in clear; null where they could not be.</param>
/// <param name="Config">The same with secrets sealed; null also where it is not known which are.</param>
sealed record AppliedRule(CompiledRule Rule, NewExecution? Execution, RuleError? Error, ReadOnlyMemory<byte>? Parameters, string? Config);

/// <param name="Reason">One of those that `EnforcementError.reason` lists.</param>
sealed record RuleError(string Reason, string Message);

/// <summary>Renders a rule's parameters for an event and checks them as a start by hand is checked.</summary>
sealed class ApplyRule(StartExecution start)
{
    const int MessageMax = 2000;

    static readonly JsonWriterOptions Writing = new() { SkipValidation = true };

    public ValueTask<AppliedRule> RunAsync(CompiledRule rule, EventScope happened, CancellationToken ct)
    {
        if (rule.ConstantParameters is { } constant)
            return StartAsync(rule, constant, payload: null, ct);
        if (rule.Parameters is null)
            return new(Failed(rule, "PARAMETERS_FAILED", rule.Mistake ?? ""));
        if (happened.ForParameters.IsOver())
            return new(Failed(rule, "PARAMETERS_FAILED", $"Not rendered, because those of this event took more than {happened.ForParameters.Max.TotalSeconds} s before."));

        try
        {
            var value = rule.Parameters.Render(happened.For(rule), ExpressionLimits.Default);
            var buffer = new ArrayBufferWriter<byte>(256);
            using (var writer = new Utf8JsonWriter(buffer, Writing))
                value.WriteTo(writer);
            return StartAsync(rule, buffer.WrittenMemory, happened.Trigger.Output, ct);
        }
        catch (TemplateException exception)
        {
            // What an expression saw may be a secret, and its message may show it.
            var hides = happened.Trigger.Output.HasSecrets || rule.MaySeePackSecrets;
            return new(Failed(rule, "PARAMETERS_FAILED", hides ? $"{exception.Problem.Path}: cannot be rendered." : exception.Message));
        }
    }

    public static AppliedRule Failed(CompiledRule rule, string reason, string message)
        => new(rule, null, new(reason, Cut(message)), null, null);

    /// <param name="rule">Whose action it is.</param>
    /// <param name="parameters">Rendered.</param>
    /// <param name="payload">The schema of what they were rendered from; null where nothing was.</param>
    /// <param name="ct">Ends the look-up.</param>
    async ValueTask<AppliedRule> StartAsync(CompiledRule rule, ReadOnlyMemory<byte> parameters, Schema? payload, CancellationToken ct)
    {
        var isConstant = payload is null;
        var action = await start.FindAsync(rule.ActionRef, ct);
        if (isConstant && action is not null && rule.Remembered(action) is { } remembered)
            return new(rule, remembered, null, remembered.Parameters, remembered.Config);
        if (action is null)
            return new(rule, null, new("ACTION_NOT_FOUND", $"There is no action '{rule.ActionRef}'."), parameters, null);

        if (payload is not null && RuleNames.FindExposed(rule.Parameters!, payload, rule.PackSchema, action.Parameters) is { } exposed)
            return Failed(rule, "PARAMETERS_FAILED", exposed);

        var (item, problems) = start.CheckForRule(action, parameters);
        if (item is null)
        {
            var error = new RuleError(problems[0].Reason, Cut(string.Join("; ", problems.Select(each => $"{each.Violation.Field}: {each.Violation.Description}"))));
            return new(rule, null, error, parameters, action.Parameters.HasSecrets ? null : System.Text.Encoding.UTF8.GetString(parameters.Span));
        }

        if (isConstant)
            rule.Remember(item);
        return new(rule, item, null, item.Parameters, item.Config);
    }

    static string Cut(string message) => (message.Length <= MessageMax ? message : message[..MessageMax] + "…").Replace('\0', ' ');
}
