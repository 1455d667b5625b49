-- NOTIFY attune_notifications {entity_type, operation} when something that replicas cache has changed.
--
-- Without ids, so any number of statements of one kind in a transaction are one notification.

set search_path to attune;

-- Argument: entity type.
create function notify_cache_changed() returns trigger
    language plpgsql
as $$
begin
    if exists (select from changed_rows) then
        perform pg_notify('attune_notifications', jsonb_build_object('entity_type', tg_argv[0], 'operation', lower(tg_op))::text);
    end if;
    return null;
end
$$;

-- A token's last use is not a change.
create function notify_api_token_changed() returns trigger
    language plpgsql
as $$
begin
    if exists (
        select n.id, n.identity, n.token_hash, n.expires_at, n.revoked_at from new_rows n
        except
        select o.id, o.identity, o.token_hash, o.expires_at, o.revoked_at from old_rows o
    ) then
        perform pg_notify('attune_notifications', '{"operation": "update", "entity_type": "api_token"}');
    end if;
    return null;
end
$$;

-- A heartbeat is not a change.
create function notify_worker_changed() returns trigger
    language plpgsql
as $$
begin
    if exists (
        select n.id, n.connected, n.cordoned, n.draining, n.slots, n.labels from new_rows n
        except
        select o.id, o.connected, o.cordoned, o.draining, o.slots, o.labels from old_rows o
    ) then
        perform pg_notify('attune_notifications', '{"operation": "update", "entity_type": "worker"}');
    end if;
    return null;
end
$$;

create trigger notify_pack_inserted
    after insert on pack
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('pack');

create trigger notify_pack_updated
    after update on pack
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('pack');

create trigger notify_pack_deleted
    after delete on pack
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('pack');

create trigger notify_action_inserted
    after insert on action
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('action');

create trigger notify_action_updated
    after update on action
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('action');

create trigger notify_action_deleted
    after delete on action
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('action');

create trigger notify_runtime_inserted
    after insert on runtime
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('runtime');

create trigger notify_runtime_updated
    after update on runtime
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('runtime');

create trigger notify_runtime_deleted
    after delete on runtime
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('runtime');

create trigger notify_permission_set_inserted
    after insert on permission_set
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('permission_set');

create trigger notify_permission_set_updated
    after update on permission_set
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('permission_set');

create trigger notify_permission_set_deleted
    after delete on permission_set
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('permission_set');

create trigger notify_permission_assignment_inserted
    after insert on permission_assignment
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('permission_assignment');

create trigger notify_permission_assignment_updated
    after update on permission_assignment
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('permission_assignment');

create trigger notify_permission_assignment_deleted
    after delete on permission_assignment
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('permission_assignment');

create trigger notify_api_token_inserted
    after insert on api_token
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('api_token');

create trigger notify_api_token_updated
    after update on api_token
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_api_token_changed();

create trigger notify_api_token_deleted
    after delete on api_token
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('api_token');

create trigger notify_worker_inserted
    after insert on worker
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('worker');

create trigger notify_worker_updated
    after update on worker
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_worker_changed();

create trigger notify_worker_deleted
    after delete on worker
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('worker');
