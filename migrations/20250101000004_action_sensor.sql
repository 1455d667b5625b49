-- 4 of the founding 13: action and sensor.

set search_path to attune;

create table action (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint not null references pack on delete cascade,
    pack_ref text not null,
    label text not null,
    description text not null default '',
    entrypoint text not null default '',
    runtime bigint references runtime on delete restrict,
    param_schema jsonb,
    out_schema jsonb,
    is_adhoc boolean not null default false,
    is_workflow boolean not null default false,
    workflow_def bigint,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint action_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$'),
    constraint action_workflow_has_definition check (is_workflow = (workflow_def is not null))
);

create index idx_action_pack on action (pack);
create index idx_action_runtime on action (runtime) where runtime is not null;
create index idx_action_workflow_def on action (workflow_def) where workflow_def is not null;

alter table policy add foreign key (action) references action on delete cascade;

create table sensor (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint references pack on delete cascade,
    pack_ref text,
    label text not null,
    description text not null default '',
    entrypoint text not null default '',
    runtime bigint not null references runtime on delete restrict,
    runtime_ref text not null,
    trigger bigint not null,
    trigger_ref text not null,
    enabled boolean not null default true,
    is_adhoc boolean not null default false,
    param_schema jsonb,
    config jsonb,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint sensor_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$'),
    constraint sensor_pack_ref_known check (pack is null or pack_ref is not null)
);

create index idx_sensor_pack on sensor (pack) where pack is not null;
create index idx_sensor_runtime on sensor (runtime);
create index idx_sensor_trigger on sensor (trigger);
create index idx_sensor_trigger_ref_enabled on sensor (trigger_ref) where enabled;

-- RESTRICT keeps a runtime that something runs on. It is checked row by row, so a pack that brings both a runtime and
-- the actions on it could not be removed whenever the cascade reaches the runtime first: what uses it goes before.
create function remove_what_runs_on_pack() returns trigger
    language plpgsql
as $$
begin
    delete from attune.action where pack = old.id;
    delete from attune.sensor where pack = old.id;
    return old;
end
$$;

create trigger remove_what_runs_on_pack
    before delete on pack
    for each row execute function remove_what_runs_on_pack();

create trigger update_action_updated
    before update on action
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_sensor_updated
    before update on sensor
    for each row when (new.updated = old.updated) execute function update_updated_column();
