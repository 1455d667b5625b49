using Attune.Packs;
using Attune.Server.Events;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.Server.Keys;
using Attune.Server.Packs;
using Attune.Server.Triggers;
using Attune.V1;
using Value = Attune.Engine.Expressions.Value;

namespace Attune.Server.Rules;

/// <summary>A rule and the events that it is tried on.</summary>
sealed record TestCommand
{
    /// <summary>Of a stored rule; empty: <see cref="Rule"/>.</summary>
    public required string RuleRef { get; init; }
    public Rule? Rule { get; init; }

    /// <summary>JSON; null where stored events are meant.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }
    public long EventId { get; init; }
    public int Last { get; init; }
}

/// <summary>A dry run: what a rule would make of events. It is asked and rendered by the same code that fires it, and nothing is stored.</summary>
sealed class TestRule(TrialRules rules, TriggerCatalog triggers, EventStore events, ApplyRule apply, ParameterSecrets secrets)
{
    const int LastMax = 1000;

    // Payloads may be large, so not all are held at once.
    const int PageSize = 50;

    // What a message carries well.
    const int ParametersShownMax = 3 << 20;

    public async Task<Result<TestRuleResponse>> RunAsync(Caller caller, TestCommand command, TimeProvider clock, CancellationToken ct)
    {
        if (Refuse(command) is { } unfit)
            return unfit;
        if (!(await rules.FindAsync(caller, command, ct)).IsOk(out var rule, out var failure))
            return failure;
        if (await triggers.FindAsync(rule.TriggerRef, ct) is not { } trigger)
            return Failure.Invalid("RULE_INVALID", "rule.trigger_ref", await triggers.DescribeMissingAsync(rule.TriggerRef, ct));

        var answer = new TestRuleResponse();
        if (command.Payload is { } given)
        {
            var violations = new List<Violation>();
            var payload = EventPayload.Check(given, EventOrigin.Api, trigger.Output, "payload", violations);
            if (violations.Count > 0)
                return Failure.Invalid("PAYLOAD_INVALID", violations);
            answer.Trials.Add(await TryAsync(rule, new(trigger, Value.FromJson(payload), clock.GetUtcNow(), "api", caller.Login, null, clock), 0, ct));
            return answer;
        }

        caller.Demand("events", "read", trigger.PackRef);
        if (command.EventId > 0)
        {
            if (await events.FindAsync([command.EventId], ct) is not [var row] || row.TriggerRef != trigger.Ref)
                return Failure.NotFound("EVENT_NOT_FOUND", $"There is no event {command.EventId} of trigger '{trigger.Ref}'.");
            answer.Trials.Add(await TryAsync(rule, trigger, row, clock, ct));
            return answer;
        }

        var (before, shown) = (long.MaxValue, 0L);
        while (answer.Trials.Count < command.Last)
        {
            var limit = Math.Min(PageSize, command.Last - answer.Trials.Count);
            var page = await events.ListAsync(new() { TriggerRef = trigger.Ref, Before = before, Limit = limit, Full = true }, ct);
            foreach (var row in page)
            {
                var trial = await TryAsync(rule, trigger, row, clock, ct);
                shown += trial.Parameters?.CalculateSize() ?? 0;
                if (shown > ParametersShownMax && trial.Parameters is not null)
                {
                    trial.Parameters = null;
                    trial.Why = "Its parameters are left out, because the answer would be too large. Try this event alone.";
                }

                answer.Trials.Add(trial);
            }

            if (page.Count < limit)
                break;
            before = page[^1].Id;
        }

        return answer;
    }

    static Failure? Refuse(TestCommand command)
    {
        if ((command.RuleRef is "") == (command.Rule is null))
            return Failure.Invalid("RULE_INVALID", "rule_ref", "Give either rule_ref or rule.");
        if (command.Last is < 0 or > LastMax)
            return Failure.Invalid("LAST_INVALID", "last", $"{command.Last} is not between 1 and {LastMax}.");
        var sources = (command.Payload is null ? 0 : 1) + (command.EventId == 0 ? 0 : 1) + (command.Last == 0 ? 0 : 1);
        return sources == 1 ? null : Failure.Invalid("PAYLOAD_INVALID", "payload", "Give exactly one of payload, event_id and last.");
    }

    async Task<RuleTrial> TryAsync(CompiledRule rule, TriggerDefinition trigger, EventRow row, TimeProvider clock, CancellationToken ct)
    {
        if (row.RuleRef is { } meant && meant != rule.Ref)
            return new() { EventId = row.Id, ActionRef = rule.ActionRef, Why = $"It was meant for rule '{meant}' alone." };

        try
        {
            var payload = Value.FromJson(secrets.Reveal(row.Payload));
            return await TryAsync(rule, new(trigger, payload, row.Created, row.Origin, row.SourceRef, row.IdempotencyKey, clock), row.Id, ct);
        }
        catch (SecretBoxException exception)
        {
            return new() { EventId = row.Id, ActionRef = rule.ActionRef, Problems = { exception.Message } };
        }
    }

    async Task<RuleTrial> TryAsync(CompiledRule rule, EventScope scope, long eventId, CancellationToken ct)
    {
        var trial = new RuleTrial { EventId = eventId, ActionRef = rule.ActionRef };
        var matches = TriggerRules.Match(rule, scope);
        if (matches.Failed is [var failed])
            trial.Problems.Add($"CONDITION_FAILED: {scope.Shown(rule, failed.Why)}");
        if (matches.Unmatched is [var unmatched])
            trial.Why = scope.Shown(rule, unmatched.Why);
        if (matches.Matched.Count == 0)
            return trial;

        trial.Matched = true;
        if (!rule.Enabled)
            trial.Problems.Add("The rule is disabled: a match is recorded and starts nothing.");
        if (!scope.Trigger.Enabled)
            trial.Problems.Add($"Trigger '{scope.Trigger.Ref}' is disabled: events of it are refused.");

        var applied = await apply.RunAsync(rule, scope, ct);
        trial.Parameters = JsonStruct.ToStruct(ParameterSecrets.Conceal(applied.Config ?? Unsealed(applied, scope)));
        if (applied.Error is { } error)
            trial.Problems.Add($"{error.Reason}: {error.Message}");
        return trial;
    }

    // Without its action nobody knows which parameters are secret.
    static string? Unsealed(AppliedRule applied, EventScope scope)
        => applied.Parameters is { } parameters && applied.Error?.Reason is "ACTION_NOT_FOUND"
            && !scope.Trigger.Output.HasSecrets && !applied.Rule.MaySeePackSecrets
            ? System.Text.Encoding.UTF8.GetString(parameters.Span)
            : null;
}

/// <summary>The rule that a dry run is about: a stored one, or one that is not saved yet and must be without mistakes.</summary>
sealed class TrialRules(RuleStore store, CheckRule check, PackStore packs)
{
    public async Task<Result<CompiledRule>> FindAsync(Caller caller, TestCommand command, CancellationToken ct)
    {
        if (command.Rule is not { } rule)
        {
            caller.Demand("rules", "read", PackNames.PackOf(command.RuleRef));
            return await store.FindAsync(command.RuleRef, ct) is { } row ? CompiledRule.From(row) : SaveRule.NotFound(command.RuleRef);
        }

        if (PartText.CheckRef(rule.Ref, "rule") is { } refusal)
            return refusal with { Reason = "RULE_INVALID" };

        // Whoever may try out any rule may see what any rule can see.
        caller.Demand("rules", "create", PackNames.PackOf(rule.Ref));
        SaveRule.DemandStart(caller, rule.ActionRef);
        SaveRule.DemandRead(caller, rule.TriggerRef);
        if (await packs.FindAsync(PackNames.PackOf(rule.Ref), ct) is not { } pack)
            return Failure.Invalid("RULE_INVALID", "rule.ref", $"There is no pack '{PackNames.PackOf(rule.Ref)}'.");

        var text = rule.ToText(enabled: true);
        if (await check.RunAsync(text, pack.ConfSchema, ct) is { Count: > 0 } violations)
            return Failure.Invalid("RULE_INVALID", violations);
        return CompiledRule.From(new()
        {
            Id = 0,
            Ref = text.Ref,
            PackRef = pack.Ref,
            Label = text.Label,
            Description = text.Description,
            TriggerRef = text.TriggerRef,
            TriggerParams = text.TriggerParams,
            Conditions = text.Conditions,
            ActionRef = text.ActionRef,
            ActionParams = text.ActionParams,
            Enabled = true,
            IsAdhoc = true,
            Tags = text.Tags,
            Created = default,
            Updated = default,
            PackConfig = pack.Config,
            PackConfSchema = pack.ConfSchema,
            Version = "",
        });
    }
}
