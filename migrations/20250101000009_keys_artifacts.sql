-- 9 of the founding 13: key, artifact, queue_stats.

set search_path to attune;

create table key (
    id bigint generated always as identity primary key,
    ref text not null unique,
    owner_type owner_type_enum not null,
    owner text,
    owner_identity bigint references identity on delete cascade,
    owner_pack bigint references pack on delete cascade,
    owner_pack_ref text,
    owner_action bigint references action on delete cascade,
    owner_action_ref text,
    owner_sensor bigint references sensor on delete cascade,
    owner_sensor_ref text,
    name text not null,
    encrypted boolean not null,
    encryption_key_hash text,
    value text not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (owner_type, owner, name),
    constraint key_ref_format check (ref ~ '^[a-z0-9][a-z0-9_.-]*$'),
    constraint key_encrypted_names_its_key check (not encrypted or encryption_key_hash is not null)
);

comment on column key.owner is 'the owner''s id as text, null for system; kept by validate_key_owner()';

-- The unique key above takes two nulls for different owners; system is one owner.
create unique index idx_key_system_name on key (name) where owner is null;
create index idx_key_owner_identity on key (owner_identity) where owner_identity is not null;
create index idx_key_owner_pack on key (owner_pack) where owner_pack is not null;
create index idx_key_owner_action on key (owner_action) where owner_action is not null;
create index idx_key_owner_sensor on key (owner_sensor) where owner_sensor is not null;

create function validate_key_owner() returns trigger
    language plpgsql
as $$
declare
    own bigint := case new.owner_type
        when 'identity' then new.owner_identity
        when 'pack' then new.owner_pack
        when 'action' then new.owner_action
        when 'sensor' then new.owner_sensor
    end;
begin
    if num_nonnulls(new.owner_identity, new.owner_pack, new.owner_action, new.owner_sensor)
        <> (new.owner_type <> 'system')::int
    then
        raise exception 'key %: an owner of type % has %', new.ref, new.owner_type,
            case new.owner_type when 'system' then 'no owner id' else 'owner_' || new.owner_type || ' and no other owner id' end
            using errcode = 'check_violation', table = 'key', schema = 'attune', constraint = 'validate_key_owner';
    end if;
    if new.owner_type <> 'system' and own is null then
        raise exception 'key %: an owner of type % needs owner_%', new.ref, new.owner_type, new.owner_type
            using errcode = 'check_violation', table = 'key', schema = 'attune', constraint = 'validate_key_owner';
    end if;
    new.owner := own::text;
    return new;
end
$$;

create trigger validate_key_owner
    before insert or update on key
    for each row execute function validate_key_owner();

create table artifact (
    id bigint generated always as identity primary key,
    ref text not null,
    scope owner_type_enum not null default 'system',
    owner text not null default '',
    type artifact_type_enum not null,
    retention_policy artifact_retention_enum not null default 'versions',
    retention_limit int not null default 1,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (scope, owner, ref),
    constraint artifact_retention_limit_positive check (retention_limit > 0)
);

create index idx_artifact_ref on artifact (ref);

-- What operators read. Admission counts live rows instead, so a wrong number here misleads nobody but a reader.
create table queue_stats (
    action_id bigint primary key references action on delete cascade,
    queue_length int not null default 0,
    active_count int not null default 0,
    max_concurrent int not null default 0,
    oldest_enqueued_at timestamptz,
    total_enqueued bigint not null default 0,
    total_completed bigint not null default 0,
    last_updated timestamptz not null default now(),
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint queue_stats_counts_not_negative check (
        queue_length >= 0 and active_count >= 0 and max_concurrent >= 0 and total_enqueued >= 0 and total_completed >= 0)
);

create trigger update_key_updated
    before update on key
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_artifact_updated
    before update on artifact
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_queue_stats_updated
    before update on queue_stats
    for each row when (new.updated = old.updated) execute function update_updated_column();
