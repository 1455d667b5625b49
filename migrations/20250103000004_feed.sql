-- The feed: every change of event, enforcement, execution, inquiry and rule, as rows of notification in the order of their commits.
--
-- A statement writes one row for each activity and status, in its own transaction: nobody has to listen, and no commit is added.
-- Ids of rows say who began first, not who committed first, so whoever reads gives positions to what has become visible.

set search_path to attune;

alter table notification add column position bigint;

comment on table notification is 'The durable feed of what changed. The server removes what is older than Feed:Retention.';
comment on column notification.channel is 'feed for the changes that Attune writes';
comment on column notification.entity is 'the first of the ids in content';
comment on column notification.activity is 'created, updated, deleted or status_changed';
comment on column notification.content is
    '{ids, refs, status}: at most 1000 ids; refs as many, or one for all of them; status, where there is one, right after the change. notification_change has a row for each id';
comment on column notification.position is
    'null until given. 1, 2, 3 without a gap in the order of commits: what is visible at a position stays all there is before it';

-- Readers follow positions; nothing looks for a channel or an entity.
drop index idx_notification_channel;
drop index idx_notification_entity;
create unique index idx_notification_position on notification (position) where position is not null;
create index idx_notification_unplaced on notification (id) where position is null;

-- Every row is updated once, when it gets its position, and deleted once.
alter table notification set (
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_threshold = 10000,
    autovacuum_analyze_scale_factor = 0.05
);

create function write_changes(entity_type text, activity text, status text, ids bigint[], refs text[]) returns void
    language plpgsql
as $$
declare
    same boolean := refs[1] = all (refs);
    content jsonb;
begin
    for start in 1..cardinality(ids) by 1000 loop
        content := jsonb_build_object(
            'ids', ids[start:start + 999],
            'refs', case when same then refs[1:1] else refs[start:start + 999] end);
        insert into attune.notification (channel, entity_type, entity, activity, content)
        values (
            'feed', entity_type, ids[start]::text, activity,
            case when status is null then content else content || jsonb_build_object('status', status) end);
    end loop;
end
$$;

comment on function write_changes(text, text, text, bigint[], text[]) is 'One row of the feed for every 1000 ids. refs are those of the ids, in their order.';

-- The functions of the founding set, which now write the feed too: a second trigger would pass over the rows a second time.

-- In PL/pgSQL, which keeps its plans: a function in SQL is planned again by every statement that calls it.
create or replace function notify_ids(channel text, entity_type text, ids bigint[], detail jsonb) returns void
    language plpgsql
as $$
begin
    for start in 1..cardinality(ids) by 300 loop
        perform pg_notify(
            channel,
            (jsonb_build_object(
                'entity_type', entity_type,
                'entity_id', ids[start],
                'entity_ids', to_jsonb(ids[start:start + 299]),
                'count', cardinality(ids[start:start + 299])) || detail)::text);
    end loop;
end
$$;

-- Arguments: channel, entity type.
create or replace function notify_created() returns trigger
    language plpgsql
as $$
declare
    ids bigint[] := (select array_agg(n.id order by n.id) from new_rows n);
    changed record;
begin
    if ids is null then
        return null;
    end if;

    perform attune.notify_ids(tg_argv[0], tg_argv[1], ids, '{}');
    case tg_argv[1]
        when 'execution' then
            for changed in
                select n.status::text as status, array_agg(n.id order by n.id) as ids, array_agg(n.action_ref order by n.id) as refs
                from new_rows n
                group by n.status
            loop
                perform attune.write_changes('execution', 'created', changed.status, changed.ids, changed.refs);
            end loop;
        when 'event' then
            perform attune.write_changes('event', 'created', null, ids, (select array_agg(n.trigger_ref order by n.id) from new_rows n));
        when 'enforcement' then
            for changed in
                select n.status::text as status, array_agg(n.id order by n.id) as ids, array_agg(n.rule_ref order by n.id) as refs
                from new_rows n
                group by n.status
            loop
                perform attune.write_changes('enforcement', 'created', changed.status, changed.ids, changed.refs);
            end loop;
        when 'inquiry' then
            for changed in
                select n.status::text as status, array_agg(n.id order by n.id) as ids, array_agg(e.action_ref order by n.id) as refs
                from new_rows n
                join attune.execution e on e.id = n.execution
                group by n.status
            loop
                perform attune.write_changes('inquiry', 'created', changed.status, changed.ids, changed.refs);
            end loop;
        else
            -- notification itself: told, and no part of the feed.
    end case;
    return null;
end
$$;

-- Arguments: channel, entity type, and optionally the one status that is told; the feed has them all.
-- EXCEPT and not a join: its plan is linear however few rows the statement had when the plan was cached. action_ref never changes.
create or replace function notify_status_changed() returns trigger
    language plpgsql
as $$
declare
    changed record;
begin
    case tg_argv[1]
        when 'execution' then
            for changed in
                select s.status::text as status, array_agg(s.id order by s.id) as ids, array_agg(s.action_ref order by s.id) as refs
                from (select n.id, n.status, n.action_ref from new_rows n except select o.id, o.status, o.action_ref from old_rows o) s
                group by s.status
            loop
                perform attune.notify_ids(tg_argv[0], 'execution', changed.ids, jsonb_build_object('status', changed.status));
                perform attune.write_changes('execution', 'status_changed', changed.status, changed.ids, changed.refs);
            end loop;
        when 'inquiry' then
            for changed in
                select s.status::text as status, array_agg(s.id order by s.id) as ids, array_agg(e.action_ref order by s.id) as refs
                from (select n.id, n.status, n.execution from new_rows n except select o.id, o.status, o.execution from old_rows o) s
                join attune.execution e on e.id = s.execution
                group by s.status
            loop
                if changed.status = tg_argv[2] then
                    perform attune.notify_ids(tg_argv[0], 'inquiry', changed.ids, jsonb_build_object('status', changed.status));
                end if;
                perform attune.write_changes('inquiry', 'status_changed', changed.status, changed.ids, changed.refs);
            end loop;
        else
            for changed in
                select s.status::text as status, array_agg(s.id order by s.id) as ids
                from (select n.id, n.status from new_rows n except select o.id, o.status from old_rows o) s
                where tg_nargs < 3 or s.status::text = tg_argv[2]
                group by s.status
            loop
                perform attune.notify_ids(tg_argv[0], tg_argv[1], changed.ids, jsonb_build_object('status', changed.status));
            end loop;
    end case;
    return null;
end
$$;

create function record_enforcement_status() returns trigger
    language plpgsql
as $$
declare
    changed record;
begin
    for changed in
        select s.status::text as status, array_agg(s.id order by s.id) as ids, array_agg(s.rule_ref order by s.id) as refs
        from (select n.id, n.status, n.rule_ref from new_rows n except select o.id, o.status, o.rule_ref from old_rows o) s
        group by s.status
    loop
        perform attune.write_changes('enforcement', 'status_changed', changed.status, changed.ids, changed.refs);
    end loop;
    return null;
end
$$;

create trigger record_enforcement_status
    after update on enforcement
    referencing old table as old_rows new table as new_rows
    for each statement execute function record_enforcement_status();

create function record_rule_created() returns trigger
    language plpgsql
as $$
begin
    if exists (select from changed_rows) then
        perform attune.write_changes('rule', 'created', null, array_agg(c.id order by c.id), array_agg(c.ref order by c.id))
        from changed_rows c;
    end if;
    return null;
end
$$;

create function record_rule_deleted() returns trigger
    language plpgsql
as $$
begin
    if exists (select from changed_rows) then
        perform attune.write_changes('rule', 'deleted', null, array_agg(c.id order by c.id), array_agg(c.ref order by c.id))
        from changed_rows c;
    end if;
    return null;
end
$$;

-- Installing a pack again writes all of its rules; those that stay as they were have not changed.
create function record_rule_updated() returns trigger
    language plpgsql
as $$
declare
    ids bigint[];
    refs text[];
begin
    select array_agg(s.id order by s.id), array_agg(s.ref order by s.id)
    into ids, refs
    from (
        select n.id, n.ref, to_jsonb(n) - 'updated' from new_rows n
        except
        select o.id, o.ref, to_jsonb(o) - 'updated' from old_rows o
    ) s;
    if ids is not null then
        perform attune.write_changes('rule', 'updated', null, ids, refs);
    end if;
    return null;
end
$$;

create trigger record_rule_created
    after insert on rule
    referencing new table as changed_rows
    for each statement execute function record_rule_created();

create trigger record_rule_updated
    after update on rule
    referencing old table as old_rows new table as new_rows
    for each statement execute function record_rule_updated();

create trigger record_rule_deleted
    after delete on rule
    referencing old table as changed_rows
    for each statement execute function record_rule_deleted();

create view notification_change as
select
    n.position,
    n.id as notification,
    n.entity_type,
    c.id::bigint as entity_id,
    coalesce(n.content -> 'refs' ->> (c.number - 1)::int, n.content -> 'refs' ->> 0) as ref,
    n.activity,
    n.content ->> 'status' as status,
    n.created
from notification n
cross join lateral jsonb_array_elements_text(n.content -> 'ids') with ordinality as c (id, number)
where n.channel = 'feed';

comment on view notification_change is 'The feed with a row for each thing that changed; read it by position';
