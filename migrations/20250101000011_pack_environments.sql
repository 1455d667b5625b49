-- 11 of the founding 13: pack_environment, the state of a pack's environment for one runtime on one host.

set search_path to attune;

create table pack_environment (
    id bigint generated always as identity primary key,
    pack bigint not null references pack on delete cascade,
    pack_ref text not null,
    runtime bigint not null references runtime on delete cascade,
    runtime_ref text not null,
    worker bigint references worker on delete cascade,
    env_path text not null,
    status pack_environment_status_enum not null default 'pending',
    installed_at timestamptz,
    last_verified timestamptz,
    install_log text,
    install_error text,
    metadata jsonb not null default '{}',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (pack, runtime, worker)
);

comment on column pack_environment.worker is 'the host''s agent; null for an environment that no agent reported';

-- The unique key above takes two nulls for different hosts.
create unique index idx_pack_environment_no_worker on pack_environment (pack, runtime) where worker is null;
create index idx_pack_environment_runtime on pack_environment (runtime);
create index idx_pack_environment_worker on pack_environment (worker) where worker is not null;
create index idx_pack_environment_unready on pack_environment (status) where status <> 'ready';

create function runtime_requires_environment(p_runtime_ref text) returns boolean
    language sql
    stable
as $$
    select coalesce((
        select jsonb_typeof(execution_config -> 'environment') = 'object'
        from attune.runtime
        where ref = p_runtime_ref), false)
$$;

comment on function runtime_requires_environment is 'Whether the runtime builds an environment per pack. False for a runtime that does not exist.';

create function get_pack_environment_path(p_pack_ref text, p_runtime_ref text) returns text
    language sql
    stable
as $$
    select p_pack_ref || '/' || p_runtime_ref
    where attune.runtime_requires_environment(p_runtime_ref)
$$;

comment on function get_pack_environment_path is
    'Relative to the directory in which an agent keeps environments. Null where the runtime needs none.';

create view pack_environment_status as
select
    e.id,
    e.pack,
    e.pack_ref,
    p.version as pack_version,
    e.runtime,
    e.runtime_ref,
    e.worker,
    w.name as worker_name,
    e.env_path,
    e.status,
    e.installed_at,
    e.last_verified,
    e.install_error,
    e.created,
    e.updated
from pack_environment e
join pack p on p.id = e.pack
left join worker w on w.id = e.worker;

create trigger update_pack_environment_updated
    before update on pack_environment
    for each row when (new.updated = old.updated) execute function update_updated_column();
