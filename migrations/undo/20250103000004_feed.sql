-- Undo: drops the feed.

set search_path to attune;

drop view notification_change;
drop trigger record_rule_deleted on rule;
drop trigger record_rule_updated on rule;
drop trigger record_rule_created on rule;
drop trigger record_enforcement_status on enforcement;
drop function record_rule_updated();
drop function record_rule_deleted();
drop function record_rule_created();
drop function record_enforcement_status();

-- 300 ids of 19 digits are 6 kB. ids is never empty.
create or replace function notify_ids(channel text, entity_type text, ids bigint[], detail jsonb) returns void
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
create or replace function notify_created() returns trigger
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
create or replace function notify_status_changed() returns trigger
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

drop function write_changes(text, text, text, bigint[], text[]);

drop index idx_notification_unplaced;
drop index idx_notification_position;
create index idx_notification_channel on notification (channel, id);
create index idx_notification_entity on notification (entity_type, entity, id);

alter table notification reset (
    autovacuum_vacuum_threshold,
    autovacuum_vacuum_scale_factor,
    autovacuum_analyze_threshold,
    autovacuum_analyze_scale_factor
);

alter table notification drop column position;

comment on table notification is 'The durable feed of what changed; a reader keeps the last id that it read.';
comment on column notification.channel is null;
comment on column notification.entity is null;
comment on column notification.activity is null;
comment on column notification.content is null;
