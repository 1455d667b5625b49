-- Pack releases: immutable archives named by their SHA-256, and the fields of the pack format that the founding set lacks.

set search_path to attune;

create table pack_release (
    id bigint generated always as identity primary key,
    pack bigint references pack on delete set null,
    pack_ref text not null,
    version text not null,
    digest char(64) not null unique,
    size_bytes bigint not null,
    archive bytea not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint pack_release_digest_sha256 check (digest ~ '^[0-9a-f]{64}$'),
    constraint pack_release_size_not_negative check (size_bytes >= 0)
);

-- An archive is compressed already.
alter table pack_release alter column archive set storage external;

create index idx_pack_release_pack on pack_release (pack) where pack is not null;
create index idx_pack_release_pack_ref on pack_release (pack_ref, id desc);

alter table pack add column release_digest text;

alter table action
    add column enabled boolean not null default true,
    add column release_digest text,
    add column runtime_ref text,
    add column runtime_version text,
    add column parameter_delivery text not null default 'stdin',
    add column parameter_format text not null default 'json',
    add column output_format text not null default 'text',
    add column timeout_seconds int,
    add column retry jsonb,
    add column delivery text not null default 'at_most_once',
    add column worker_labels jsonb not null default '{}',
    add column permission_sets text[] not null default '{}',
    add column tags text[] not null default '{}',
    add column workflow_file text,
    add constraint action_parameter_delivery_known check (parameter_delivery in ('stdin', 'file')),
    add constraint action_parameter_format_known check (parameter_format in ('json', 'yaml', 'dotenv')),
    add constraint action_output_format_known check (output_format in ('text', 'json', 'yaml', 'jsonl')),
    add constraint action_timeout_positive check (timeout_seconds > 0),
    add constraint action_delivery_known check (delivery in ('at_most_once', 'at_least_once'));

comment on column action.retry is '{max_attempts, delay_seconds, backoff, max_delay_seconds, on}';

create index idx_action_tags on action using gin (tags);

alter table runtime add column aliases text[] not null default '{}';

alter table workflow_definition add column release_digest text;

alter table trigger add column tags text[] not null default '{}';

alter table sensor
    add column triggers text[] not null default '{}',
    add column tags text[] not null default '{}',
    add column release_digest text;

comment on column sensor.triggers is 'refs of every trigger that it may emit; sensor.trigger is the first';

alter table rule add column tags text[] not null default '{}';

-- method and threshold are the concurrency limit. A policy may have a rate limit instead, or both.
alter table policy
    alter column method drop not null,
    alter column threshold drop not null,
    add column enabled boolean not null default true,
    add column priority int not null default 0,
    add column rate_limit int,
    add column rate_window_seconds int,
    add column rate_method policy_method_enum,
    add constraint policy_concurrency_complete check (num_nonnulls(method, threshold) in (0, 2)),
    add constraint policy_rate_complete check (num_nonnulls(rate_limit, rate_window_seconds, rate_method) in (0, 3)),
    add constraint policy_limits_something check (num_nonnulls(threshold, rate_limit) > 0),
    add constraint policy_rate_positive check (rate_limit > 0 and rate_window_seconds > 0);

create index idx_policy_enabled on policy (priority desc, id) where enabled;

create trigger update_pack_release_updated
    before update on pack_release
    for each row when (new.updated = old.updated) execute function update_updated_column();
