using System.Text.Json;
using Attune.Server.Executions;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Events;

/// <summary>Prepared events as the arrays of one statement. Positions count from 1.</summary>
sealed class EventRows
{
    readonly IReadOnlyList<PreparedEvent> events;
    readonly PreparedEnforcement[] enforcements;

    // Of each enforcement its event, of each execution its enforcement.
    readonly long[] eventOf;
    readonly long[] enforcementOf;

    public EventRows(IReadOnlyList<PreparedEvent> events)
    {
        this.events = events;
        var count = events.Sum(each => each.Enforcements.Count);
        var started = events.Sum(each => each.Enforcements.Count(enforcement => enforcement.Execution is not null));
        (enforcements, eventOf) = (new PreparedEnforcement[count], new long[count]);
        (Executions, enforcementOf) = (new NewExecution[started], new long[started]);
        var (at, begun) = (0, 0);
        for (var index = 0; index < events.Count; index++)
        {
            foreach (var enforcement in events[index].Enforcements)
            {
                (enforcements[at], eventOf[at]) = (enforcement, index + 1);
                at++;
                if (enforcement.Execution is { } execution)
                {
                    (Executions[begun], enforcementOf[begun]) = (execution, at);
                    begun++;
                }
            }
        }
    }

    public NewExecution[] Executions { get; }

    public void AddTo(NpgsqlCommand command)
    {
        OfEvents("e_triggers", NpgsqlDbType.Bigint, each => each.Trigger.Id);
        OfEvents("e_trigger_refs", NpgsqlDbType.Text, each => each.Trigger.Ref);
        OfEvents("e_payloads", NpgsqlDbType.Text, each => each.Payload);
        OfEvents("e_origins", NpgsqlDbType.Text, each => EventMapping.ToText(each.Happened.Origin));
        OfEvents("e_sources", NpgsqlDbType.Bigint, each => each.Happened.SensorId);
        OfEvents("e_source_refs", NpgsqlDbType.Text, each => each.Happened.SourceRef);
        OfEvents("e_rules", NpgsqlDbType.Bigint, each => each.OnlyRule?.Id);
        OfEvents("e_rule_refs", NpgsqlDbType.Text, each => each.OnlyRule?.Ref);
        OfEvents("e_keys", NpgsqlDbType.Text, each => each.Happened.IdempotencyKey);
        OfEvents("e_replays", NpgsqlDbType.Bigint, each => each.Happened.ReplayOf);
        OfEvents("e_unmatched", NpgsqlDbType.Text, each => each.Unmatched);
        OfEvents("e_unmatched_counts", NpgsqlDbType.Integer, each => each.UnmatchedCount);
        OfEvents("e_created", NpgsqlDbType.TimestampTz, each => each.Created);
        Add("n_events", NpgsqlDbType.Bigint, eventOf);
        OfEnforcements("n_rules", NpgsqlDbType.Bigint, each => each.Rule.Id);
        OfEnforcements("n_rule_refs", NpgsqlDbType.Text, each => each.Rule.Ref);
        OfEnforcements("n_action_refs", NpgsqlDbType.Text, each => each.Rule.ActionRef);
        OfEnforcements("n_statuses", NpgsqlDbType.Text, each => each.Status);
        OfEnforcements("n_configs", NpgsqlDbType.Text, each => each.Config);
        OfEnforcements("n_conditions", NpgsqlDbType.Text, each => each.Rule.ConditionsJson);
        OfEnforcements("n_condition_kinds", NpgsqlDbType.Text, each => each.Rule.Condition is { IsAny: true } ? "any" : "all");
        OfEnforcements("n_errors", NpgsqlDbType.Text, each => each.Error is not { } error
            ? null
            : JsonSerializer.Serialize(new { reason = error.Reason, message = error.Message }));
        Add("x_enforcements", NpgsqlDbType.Bigint, enforcementOf);

        void OfEvents<T>(string name, NpgsqlDbType type, Func<PreparedEvent, T> value)
        {
            var values = new T[events.Count];
            for (var index = 0; index < values.Length; index++)
                values[index] = value(events[index]);
            Add(name, type, values);
        }

        void OfEnforcements<T>(string name, NpgsqlDbType type, Func<PreparedEnforcement, T> value)
            => Add(name, type, Array.ConvertAll(enforcements, each => value(each)));

        void Add(string name, NpgsqlDbType type, Array values)
            => command.Parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = values });
    }

    /// <param name="eventIds">0 where it was there already.</param>
    /// <param name="executionIds">0 where it was not started.</param>
    /// <param name="earlier">By trigger and key, what was there already.</param>
    public RecordedEvent[] Answer(
        long[] eventIds, long[] executionIds, IReadOnlyDictionary<(string, string), RecordedEvent>? earlier)
    {
        var answers = new RecordedEvent[events.Count];
        var begun = 0;
        for (var index = 0; index < answers.Length; index++)
        {
            var first = begun;
            while (begun < enforcementOf.Length && eventOf[enforcementOf[begun] - 1] == index + 1)
                begun++;
            var happened = events[index].Happened;
            answers[index] = eventIds[index] > 0
                ? new(eventIds[index], IsDuplicate: false, executionIds[first..begun])
                : earlier!.GetValueOrDefault((happened.TriggerRef, happened.IdempotencyKey!))
                    ?? throw new InvalidOperationException("An event was neither stored nor found; its transaction sees an older state.");
        }

        return answers;
    }
}
