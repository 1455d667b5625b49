using Attune.Server.Executions;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Events;

/// <summary>
/// Writes events with their enforcements, executions and places in the queue: one statement, whatever their number, so that all of it is
/// there or nothing. Ids are drawn where the rows come in, which links them without a second round trip.
/// </summary>
sealed class StoreEvents(PlaceExecutions place, TimeProvider clock)
{
    // Keys are taken in one order everywhere, so that two replicas with the same keys cannot wait for each other. An event that was there
    // already falls out of `occurred`, and with it everything that joins it.
    const string Happened = """
        with event_input as materialized (
            select t.*, t.payload::jsonb as body, nextval('event_id_seq') as id
            from unnest(
                @e_triggers::bigint[], @e_trigger_refs::text[], @e_payloads::text[], @e_origins::text[], @e_sources::bigint[],
                @e_source_refs::text[], @e_rules::bigint[], @e_rule_refs::text[], @e_keys::text[], @e_replays::bigint[],
                @e_unmatched::text[], @e_unmatched_counts::int[], @e_created::timestamptz[])
                with ordinality as t (
                    trigger, trigger_ref, payload, origin, source, source_ref, rule, rule_ref, idempotency_key, replay_of, unmatched,
                    unmatched_count, created, position)
        ),
        occurred as (
            insert into event (
                id, trigger, trigger_ref, payload, origin, source, source_ref, rule, rule_ref, idempotency_key, replay_of, unmatched,
                unmatched_count, created, updated)
            overriding system value
            select
                id, trigger, trigger_ref, body, origin, source, source_ref, rule, rule_ref, idempotency_key, replay_of,
                unmatched::jsonb, unmatched_count, created, created
            from event_input
            order by trigger_ref, idempotency_key, position
            on conflict (trigger_ref, idempotency_key) where idempotency_key is not null do nothing
            returning id
        ),
        enforcement_input as materialized (
            select t.*, nextval('enforcement_id_seq') as id, e.id as event, e.trigger_ref, e.body, e.created
            from unnest(
                @n_events::bigint[], @n_rules::bigint[], @n_rule_refs::text[], @n_action_refs::text[], @n_statuses::text[],
                @n_configs::text[], @n_conditions::text[], @n_condition_kinds::text[], @n_errors::text[])
                with ordinality as t (
                    event_position, rule, rule_ref, action_ref, status, config, conditions, condition, error, position)
            join event_input e on e.position = t.event_position
            join occurred on occurred.id = e.id
        ),
        enforced as (
            insert into enforcement (
                id, rule, rule_ref, trigger_ref, event, action_ref, status, config, payload, condition, conditions, error, created, updated)
            overriding system value
            select
                id, rule, rule_ref, trigger_ref, event, action_ref, status::attune.enforcement_status_enum, config::jsonb, body,
                condition::attune.enforcement_condition_enum, conditions::jsonb, error::jsonb, created, created
            from enforcement_input
            order by position
        ),
        """;

    const string Insert = $"""
        {Happened}
        execution_input as materialized (
            select t.*, n.id as enforcement
            from (
                select *
                from {ExecutionRows.Input}
            ) t
            join enforcement_input n on n.position = (@x_enforcements::bigint[])[t.position]
        ),
        started as (
            insert into execution ({ExecutionRows.Columns}, enforcement)
            select {ExecutionRows.Values}, enforcement
            from execution_input
            order by position
            returning id, enforcement
        ),
        queued as (
            insert into execution_queue ({ExecutionRows.QueueColumns})
            select started.id, {ExecutionRows.QueueValues}
            from started
            join execution_input input using (enforcement)
        )
        select false as is_execution, e.position, e.id
        from occurred
        join event_input e using (id)
        union all
        select true, x.position, started.id
        from started
        join execution_input x using (enforcement)
        """;

    // The same where workflows are among what is started.
    const string InsertWithWorkflows = $"""
        {Happened}
        input as materialized (
            select t.*, n.id as enforcement, w.is_workflow, 0::smallint as depth, nextval('execution_id_seq') as id
            from (
                select *
                from {ExecutionRows.Input}
            ) t
            join {ExecutionRows.WorkflowInput} using (position)
            join enforcement_input n on n.position = (@x_enforcements::bigint[])[t.position]
            order by t.position
        ),
        started as (
            insert into execution (id, {ExecutionRows.Columns}, enforcement, is_workflow, workflow_def)
            overriding system value
            select id, {ExecutionRows.Values}, enforcement, is_workflow,
                case when is_workflow then (select a.workflow_def from action a where a.id = input.action) end
            from input
            order by position
        ),
        {ExecutionRows.Conducted},
        queued as (
            insert into execution_queue ({ExecutionRows.QueueColumns})
            select id, {ExecutionRows.QueueValues}
            from input
            where not is_workflow
        )
        select false as is_execution, e.position, e.id
        from occurred
        join event_input e using (id)
        union all
        select true, position, id
        from input
        """;

    const string FindEarlier = """
        select
            e.trigger_ref, e.idempotency_key, e.id,
            array(
                select x.id
                from enforcement n
                join execution x on x.enforcement = n.id and x.parent is null
                where n.event = e.id
                order by x.id
            ) as executions
        from unnest(@refs::text[], @keys::text[]) as t (trigger_ref, idempotency_key)
        join event e using (trigger_ref, idempotency_key)
        """;

    /// <summary>In the connection's transaction, if it is in one; else the statement is one by itself.</summary>
    public async Task<StoredEvents> RunAsync(NpgsqlConnection connection, IReadOnlyList<PreparedEvent> events, CancellationToken ct)
    {
        var rows = new EventRows(events);
        var reserved = place.Reserve(rows.Executions);
        try
        {
            var eventIds = new long[events.Count];
            var executionIds = new long[rows.Executions.Length];
            var hasWorkflows = Array.Exists(rows.Executions, item => item.Action.IsWorkflow);
            await using (var command = new NpgsqlCommand(hasWorkflows ? InsertWithWorkflows : Insert, connection))
            {
                rows.AddTo(command);
                ExecutionRows.AddTo(command.Parameters, rows.Executions, new long[rows.Executions.Length], reserved, clock.GetUtcNow());
                if (hasWorkflows)
                    ExecutionRows.AddWorkflowsTo(command.Parameters, rows.Executions);
                await using var reader = await command.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct))
                    (reader.GetBoolean(0) ? executionIds : eventIds)[reader.GetInt64(1) - 1] = reader.GetInt64(2);
            }

            var earlier = eventIds.Contains(0) ? await FindEarlierAsync(connection, events, eventIds, ct) : null;
            return new(place, rows.Executions, executionIds, reserved, rows.Answer(eventIds, executionIds, earlier));
        }
        catch
        {
            PlaceExecutions.Release(reserved);
            throw;
        }
    }

    static async Task<Dictionary<(string, string), RecordedEvent>> FindEarlierAsync(
        NpgsqlConnection connection, IReadOnlyList<PreparedEvent> events, long[] eventIds, CancellationToken ct)
    {
        var wanted = events.Where((_, index) => eventIds[index] == 0).Select(each => each.Happened).ToList();
        await using var command = new NpgsqlCommand(FindEarlier, connection)
        {
            Parameters =
            {
                new("refs", NpgsqlDbType.Text | NpgsqlDbType.Array) { Value = wanted.Select(each => each.TriggerRef).ToArray() },
                new("keys", NpgsqlDbType.Text | NpgsqlDbType.Array) { Value = wanted.Select(each => each.IdempotencyKey).ToArray() },
            },
        };
        var found = new Dictionary<(string, string), RecordedEvent>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            found[(reader.GetString(0), reader.GetString(1))]
                = new(reader.GetInt64(2), IsDuplicate: true, reader.GetFieldValue<long[]>(3));
        }

        return found;
    }
}
