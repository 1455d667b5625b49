-- Agents: what one says of itself, its session and lease, its certificate, and the tokens it joins with.

set search_path to attune;

-- A heartbeat moves lease_expires_at and last_heartbeat. Neither is indexed: the table holds one row per agent, so
-- looking for run-out leases reads it whole, and in return heartbeats stay heap-only.
alter table worker
    add column labels jsonb not null default '{}',
    add column slots int not null default 1,
    add column agent_version text,
    add column protocol_version int,
    add column runtimes jsonb not null default '[]',
    add column resources jsonb not null default '{}',
    add column connected boolean not null default false,
    add column cordoned boolean not null default false,
    add column draining boolean not null default false,
    add column drain_deadline timestamptz,
    add column drain_reason text,
    add column spool_id text,
    add column session_id uuid,
    add column replica text,
    add column lease_expires_at timestamptz,
    add column certificate_fingerprint text,
    add column certificate_expires_at timestamptz,
    add constraint worker_slots_not_negative check (slots >= 0);

comment on column worker.session_id is 'the stream that speaks for the agent now; another one is stale';
comment on column worker.replica is 'the control-plane replica that serves the session';
comment on column worker.lease_expires_at is 'the agent keeps all its work until then; every heartbeat moves it';

create index idx_worker_labels on worker using gin (labels);
create unique index idx_worker_certificate_fingerprint on worker (certificate_fingerprint) where certificate_fingerprint is not null;

alter table pack_environment
    add column worker_name text,
    add column release_digest text;

create table join_token (
    id bigint generated always as identity primary key,
    token_hash bytea not null unique,
    role worker_role_enum not null,
    labels jsonb not null default '{}',
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz,
    worker_name text,
    created_by bigint references identity on delete set null,
    created_by_login text,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint join_token_hash_sha256 check (octet_length(token_hash) = 32)
);

comment on column join_token.worker_name is 'the agent that joined with it';

create index idx_join_token_created_by on join_token (created_by) where created_by is not null;

create trigger update_join_token_updated
    before update on join_token
    for each row when (new.updated = old.updated) execute function update_updated_column();
