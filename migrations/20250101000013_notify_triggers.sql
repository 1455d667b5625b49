-- 13 of the founding 13: every LISTEN/NOTIFY trigger.
--
-- A payload is {entity_type, entity_id, entity_ids, count, …}: ids and words of our own, 300 ids at most, so it stays
-- under PostgreSQL's 8000 bytes whatever the rows hold. Triggers fire once per statement, because NOTIFY serialises
-- commits. A notification is a hint to look at the table; whoever missed it finds the work by polling.

set search_path to attune;

-- 300 ids of 19 digits are 6 kB. ids is never empty.
create function notify_ids(channel text, entity_type text, ids bigint[], detail jsonb) returns void
    language sql
as $$
    select pg_notify(
        channel,
        (jsonb_build_object(
            'entity_type', entity_type,
            'entity_id', ids[first],
            'entity_ids', to_jsonb(ids[first:first + 299]),
            'count', cardinality(ids[first:first + 299])) || detail)::text)
    from generate_series(1, cardinality(ids), 300) as first
$$;

-- Arguments: channel, entity type.
create function notify_created() returns trigger
    language plpgsql
as $$
declare
    ids bigint[] := (select array_agg(n.id order by n.id) from new_rows n);
begin
    if ids is not null then
        perform attune.notify_ids(tg_argv[0], tg_argv[1], ids, '{}');
    end if;
    return null;
end
$$;

-- Arguments: channel, entity type, and optionally the one status that is of interest.
-- EXCEPT and not a join: its plan is linear however few rows the statement had when the plan was cached.
create function notify_status_changed() returns trigger
    language plpgsql
as $$
declare
    changed record;
begin
    for changed in
        select s.status::text as status, array_agg(s.id order by s.id) as ids
        from (select n.id, n.status from new_rows n except select o.id, o.status from old_rows o) s
        where tg_nargs < 3 or s.status::text = tg_argv[2]
        group by s.status
    loop
        perform attune.notify_ids(tg_argv[0], tg_argv[1], changed.ids, jsonb_build_object('status', changed.status));
    end loop;
    return null;
end
$$;

-- Arguments: channel, entity type.
create function notify_changed() returns trigger
    language plpgsql
as $$
declare
    ids bigint[] := (select array_agg(c.id order by c.id) from changed_rows c);
begin
    if ids is not null then
        perform attune.notify_ids(tg_argv[0], tg_argv[1], ids, jsonb_build_object('operation', lower(tg_op)));
    end if;
    return null;
end
$$;

create trigger notify_execution_created
    after insert on execution
    referencing new table as new_rows
    for each statement execute function notify_created('execution_created', 'execution');

create trigger notify_execution_status_changed
    after update on execution
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_status_changed('execution_status_changed', 'execution');

create trigger notify_workflow_execution_status_changed
    after update on workflow_execution
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_status_changed('workflow_execution_status_changed', 'workflow_execution');

create trigger notify_event_created
    after insert on event
    referencing new table as new_rows
    for each statement execute function notify_created('event_created', 'event');

create trigger notify_enforcement_created
    after insert on enforcement
    referencing new table as new_rows
    for each statement execute function notify_created('enforcement_created', 'enforcement');

create trigger notify_inquiry_created
    after insert on inquiry
    referencing new table as new_rows
    for each statement execute function notify_created('inquiry_created', 'inquiry');

create trigger notify_inquiry_responded
    after update on inquiry
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_status_changed('inquiry_responded', 'inquiry', 'responded');

create trigger notify_rule_inserted
    after insert on rule
    referencing new table as changed_rows
    for each statement execute function notify_changed('rule_changed', 'rule');

create trigger notify_rule_updated
    after update on rule
    referencing new table as changed_rows
    for each statement execute function notify_changed('rule_changed', 'rule');

create trigger notify_rule_deleted
    after delete on rule
    referencing old table as changed_rows
    for each statement execute function notify_changed('rule_changed', 'rule');

create trigger notify_notification_created
    after insert on notification
    referencing new table as new_rows
    for each statement execute function notify_created('attune_notifications', 'notification');
