-- 8 of the founding 13: worker, notification.

set search_path to attune;

-- Every heartbeat updates a row: the page keeps room for it, and no index is on what a heartbeat changes.
create table worker (
    id bigint generated always as identity primary key,
    name text not null unique,
    worker_type worker_type_enum not null,
    worker_role worker_role_enum not null default 'action',
    runtime bigint references runtime on delete set null,
    host text,
    port int,
    status worker_status_enum not null default 'inactive',
    capabilities jsonb not null default '{}',
    meta jsonb not null default '{}',
    last_heartbeat timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint worker_name_not_blank check (btrim(name) <> ''),
    constraint worker_port_range check (port between 1 and 65535)
) with (fillfactor = 50);

create index idx_worker_runtime on worker (runtime) where runtime is not null;
create index idx_worker_capabilities on worker using gin (capabilities);

create table notification (
    id bigint generated always as identity primary key,
    channel text not null,
    entity_type text not null,
    entity text not null,
    activity text not null,
    state notification_status_enum not null default 'created',
    content jsonb,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on table notification is 'The durable feed of what changed; a reader keeps the last id that it read.';

create index idx_notification_channel on notification (channel, id);
create index idx_notification_entity on notification (entity_type, entity, id);
create index idx_notification_created on notification using brin (created);

create trigger update_worker_updated
    before update on worker
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_notification_updated
    before update on notification
    for each row when (new.updated = old.updated) execute function update_updated_column();
