-- 3 of the founding 13: pack (with its installers), runtime. The rows of runtime come from packs, never from here.

set search_path to attune;

create table pack (
    id bigint generated always as identity primary key,
    ref text not null unique,
    label text not null,
    description text,
    version text not null,
    conf_schema jsonb not null default '{}',
    config jsonb not null default '{}',
    meta jsonb not null default '{}',
    tags text[] not null default '{}',
    runtime_deps text[] not null default '{}',
    is_standard boolean not null default false,
    installers jsonb not null default '[]',
    source_type text,
    source_url text,
    source_ref text,
    checksum text,
    checksum_verified boolean not null default false,
    installed_at timestamptz,
    installed_by bigint references identity on delete set null,
    installation_method text not null default 'manual',
    storage_path text,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint pack_ref_format check (ref ~ '^[a-z][a-z0-9_-]+$'),
    -- The grammar of semver.org, 2.0.0.
    constraint pack_version_semver check (version ~ (
        '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)'
        '(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?'
        '(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$')),
    constraint pack_source_type_known check (source_type in ('git', 'archive', 'local_directory', 'local_archive', 'registry')),
    constraint pack_checksum_sha256 check (checksum ~ '^[0-9a-f]{64}$'),
    constraint pack_checksum_verified_has_checksum check (not checksum_verified or checksum is not null),
    constraint pack_installation_method_known check (installation_method in ('manual', 'api', 'cli', 'auto'))
);

create index idx_pack_installed_by on pack (installed_by) where installed_by is not null;
create index idx_pack_tags on pack using gin (tags);
create index idx_pack_meta on pack using gin (meta);
create index idx_pack_config on pack using gin (config);

alter table permission_set add foreign key (pack) references pack on delete cascade;
alter table policy add foreign key (pack) references pack on delete cascade;

create table runtime (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint references pack on delete cascade,
    pack_ref text,
    name text not null,
    description text,
    distributions jsonb not null,
    installation jsonb,
    installers jsonb not null default '[]',
    execution_config jsonb not null default '{}',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint runtime_ref_format check (ref = lower(ref) and ref ~ '^[^.]+\.[^.]+$'),
    constraint runtime_pack_ref_known check (pack is null or pack_ref is not null)
);

comment on column runtime.distributions is '{verification: {commands: [{binary, args, exit_code, pattern, priority}], always_available}, versions}';

create index idx_runtime_pack on runtime (pack) where pack is not null;
create index idx_runtime_name on runtime (name);
create index idx_runtime_verification on runtime using gin ((distributions -> 'verification'));

create trigger update_pack_updated
    before update on pack
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_runtime_updated
    before update on runtime
    for each row when (new.updated = old.updated) execute function update_updated_column();
