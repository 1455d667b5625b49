using Attune.Packs;
using Attune.Server.Events;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.Server.Keys;
using Attune.V1;

namespace Attune.Server.Rules;

/// <summary>Fires stored events again for one rule: each becomes a new event that names the one it repeats. Secrets stay secret on the way.</summary>
sealed class ReplayEvents(RuleStore store, EventStore events, PrepareEvent prepare, RecordEvents record, ParameterSecrets secrets)
{
    const int EventsMax = 1000;

    public async Task<Result<ReplayEventsResponse>> RunAsync(Caller caller, string ruleRef, IReadOnlyList<long> ids, CancellationToken ct)
    {
        caller.Demand("rules", "replay", PackNames.PackOf(ruleRef));
        if (ids.Count is 0 or > EventsMax || ids.Distinct().Count() < ids.Count)
            return Failure.Invalid("EVENT_IDS_INVALID", "event_ids", $"Give 1 to {EventsMax} ids, each once.");
        if (await store.FindAsync(ruleRef, ct) is not { } rule)
            return SaveRule.NotFound(ruleRef);
        SaveRule.DemandStart(caller, rule.ActionRef);
        if (!rule.Enabled)
            return new Failure(FailureKind.Refused, "RULE_DISABLED", $"Rule '{ruleRef}' is disabled. Enable it first.");

        var rows = (await events.FindAsync([.. ids], ct))
            .Where(row => caller.May("events", "read", PackNames.PackOf(row.TriggerRef)))
            .ToDictionary(row => row.Id);
        if (ids.Where(id => !rows.ContainsKey(id)).ToList() is { Count: > 0 } missing)
            return EventStore.NotFound(missing);
        if (ids.Where(id => rows[id].TriggerRef != rule.TriggerRef).ToList() is { Count: > 0 } others)
        {
            return Failure.Invalid(
                "EVENT_IDS_INVALID", "event_ids", $"{string.Join(", ", others)} are of another trigger than the rule's, '{rule.TriggerRef}'.");
        }

        return await StoreAsync(caller, rule, [.. ids.Select(id => rows[id])], ct);
    }

    async Task<Result<ReplayEventsResponse>> StoreAsync(Caller caller, RuleRow rule, EventRow[] rows, CancellationToken ct)
    {
        var prepared = new PreparedEvent[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            if (!(await PrepareAsync(caller, rule, rows[i], $"event_ids[{i}].", ct)).IsOk(out var ok, out var failure))
                return failure;
            prepared[i] = ok;
        }

        var recorded = await record.StoreAsync(prepared, ct);
        return new ReplayEventsResponse
        {
            Events =
            {
                recorded.Select((each, index) => new ReplayedEvent
                {
                    EventId = each.Id,
                    ReplayOf = rows[index].Id,
                    ExecutionId = each.ExecutionIds is [var started, ..] ? started : 0,
                }),
            },
        };
    }

    async ValueTask<Result<PreparedEvent>> PrepareAsync(Caller caller, RuleRow rule, EventRow row, string path, CancellationToken ct)
    {
        try
        {
            var happened = new NewEvent
            {
                TriggerRef = row.TriggerRef,
                Payload = secrets.Reveal(row.Payload),
                Origin = EventOrigin.Replay,
                SourceRef = caller.Login is "" ? null : caller.Login,
                RuleRef = rule.Ref,
                ReplayOf = row.Id,
                SealedPaths = ParameterSecrets.SealedPaths(row.Payload),
            };
            return await prepare.RunAsync(happened, path, ct);
        }
        catch (SecretBoxException exception)
        {
            return new Failure(FailureKind.Refused, "EVENT_IDS_INVALID", $"Event {row.Id}: {exception.Message}");
        }
    }
}
