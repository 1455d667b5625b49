using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Engine.Timers;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.Server.Rules;
using Attune.Server.Triggers;
using Attune.V1;

namespace Attune.Server.Events;

/// <summary>Checks what happened, asks the rules of its trigger and renders what they start. Stores nothing.</summary>
sealed class PrepareEvent(TriggerCatalog triggers, RuleCatalog rules, ApplyRule apply, ParameterSecrets secrets, TimeProvider clock)
{
    const int KeyLengthMax = 255;
    static readonly string[] ReservedPrefixes = ["timer:", "webhook:", "spool:", "inquiry:"];

    const int WhyLengthMax = 500;

    // Of all rules together: what one statement stores well.
    const int ParametersMax = 32 << 20;

    /// <param name="happened">What a source tells.</param>
    /// <param name="path">Of the event in the request, with its dot: `items[3].`; empty for the request itself.</param>
    /// <param name="ct">Ends the wait for what is not in memory.</param>
    public async ValueTask<Result<PreparedEvent>> RunAsync(NewEvent happened, string path, CancellationToken ct)
    {
        var trigger = await triggers.FindAsync(happened.TriggerRef, ct);
        if (trigger is null)
        {
            var violation = new Violation($"{path}trigger_ref", await triggers.DescribeMissingAsync(happened.TriggerRef, ct));
            return Failure.NotFound("TRIGGER_NOT_FOUND", violation.Description) with { Violations = [violation] };
        }

        if (!trigger.Enabled)
        {
            var violation = new Violation($"{path}trigger_ref", $"Trigger '{trigger.Ref}' is disabled. Enable it first.");
            return new Failure(FailureKind.Refused, "TRIGGER_DISABLED", violation.Description) { Violations = [violation] };
        }

        if (happened.Origin is EventOrigin.Api or EventOrigin.Sensor && Schedule.IsTimer(trigger.Ref))
        {
            var violation = new Violation($"{path}trigger_ref", $"'{trigger.Ref}' is a timer: only the clock fires it. Run the rule's action, or replay one of its events.");
            return new Failure(FailureKind.Refused, "TRIGGER_IS_TIMER", violation.Description) { Violations = [violation] };
        }

        if (happened.Origin is EventOrigin.Api && happened.IdempotencyKey is { } given
            && Array.Find(ReservedPrefixes, prefix => given.StartsWith(prefix, StringComparison.Ordinal)) is { } reserved)
            return Failure.Invalid("IDEMPOTENCY_KEY_INVALID", $"{path}idempotency_key", $"must not begin with '{reserved}', which is for events of another origin.");

        if (happened.IdempotencyKey is { } key && (key.Length is 0 or > KeyLengthMax || key.Contains('\0')))
            return Failure.Invalid("IDEMPOTENCY_KEY_INVALID", $"{path}idempotency_key", $"must have 1 to {KeyLengthMax} characters and no NUL.");

        var violations = new List<Violation>();
        var payload = EventPayload.Check(happened.Payload, happened.Origin, trigger.Output, $"{path}payload", violations);
        foreach (var exposed in happened.SealedPaths.Except(trigger.Output.SecretPaths))
            violations.Add(new($"{path}payload.{exposed}", "was secret when it was stored, and the trigger no longer says so."));
        if (violations.Count > 0)
            return Failure.Invalid("PAYLOAD_INVALID", violations);

        var now = clock.GetUtcNow();
        var scope = new EventScope(
            trigger, Value.FromJson(payload), new(now.Ticks - now.Ticks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero),
            EventMapping.ToText(happened.Origin), happened.SourceRef, happened.IdempotencyKey, clock);
        if (happened.RuleRef is not { } ruleRef)
            return await FinishAsync(happened, payload, scope, null, (await rules.OfTriggerAsync(trigger, ct)).Match(scope), ct);

        if (await rules.FindAsync(ruleRef, ct) is not { } rule || rule.TriggerRef != trigger.Ref)
        {
            var violation = new Violation($"{path}rule_ref", $"There is no rule '{ruleRef}' on trigger '{trigger.Ref}'.");
            return Failure.NotFound("RULE_NOT_FOUND", violation.Description) with { Violations = [violation] };
        }

        return await FinishAsync(happened, payload, scope, rule, TriggerRules.Match(rule, scope), ct);
    }

    async ValueTask<PreparedEvent> FinishAsync(
        NewEvent happened, ReadOnlyMemory<byte> payload, EventScope scope, CompiledRule? only, RuleMatches<CompiledRule> matches,
        CancellationToken ct)
    {
        var count = matches.Matched.Count + matches.Failed.Count;
        var enforcements = count == 0 ? [] : new PreparedEnforcement[count];
        var at = 0;
        var length = 0L;
        foreach (var rule in matches.Matched)
        {
            var applied = rule.Enabled ? await apply.RunAsync(rule, scope, ct) : null;
            length += applied?.Config?.Length ?? 0;
            if (length > ParametersMax)
                applied = ApplyRule.Failed(rule, "PARAMETERS_FAILED", $"The rules of this event together would send more than {ParametersMax >> 20} MiB of parameters.");
            enforcements[at++] = new() { Rule = rule, Execution = applied?.Execution, Error = applied?.Error, Config = applied?.Config };
        }

        foreach (var (rule, why) in matches.Failed)
        {
            var error = rule.Enabled ? ApplyRule.Failed(rule, "CONDITION_FAILED", scope.Shown(rule, why)).Error : null;
            enforcements[at++] = new() { Rule = rule, Error = error };
        }

        return new()
        {
            Happened = happened,
            Trigger = scope.Trigger,
            OnlyRule = only,
            Payload = secrets.Seal(payload, scope.Trigger.Output),
            Created = scope.Created,
            Enforcements = enforcements,
            Unmatched = matches.Unmatched.Count == 0 ? null : ToJson(matches.Unmatched, scope),
            UnmatchedCount = matches.UnmatchedCount,
        };
    }

    static string ToJson(IReadOnlyList<(CompiledRule Rule, string Why)> unmatched, EventScope scope)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var (rule, why) in unmatched)
            {
                writer.WriteStartObject();
                writer.WriteString("rule_ref"u8, rule.Ref);
                var shown = scope.Shown(rule, why);
                writer.WriteString("why"u8, shown.Length <= WhyLengthMax ? shown : shown[..WhyLengthMax] + "…");
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
