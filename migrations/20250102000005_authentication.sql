-- Authentication: API and refresh tokens (hashes only), the keys the server signs with, its CA, failed logins.

set search_path to attune;

create table api_token (
    id bigint generated always as identity primary key,
    identity bigint not null references identity on delete cascade,
    name text not null,
    token_hash bytea not null unique,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint api_token_hash_sha256 check (octet_length(token_hash) = 32)
);

comment on column api_token.expires_at is 'null: never';

create index idx_api_token_identity on api_token (identity);

create table refresh_token (
    id bigint generated always as identity primary key,
    identity bigint not null references identity on delete cascade,
    family uuid not null,
    token_hash bytea not null unique,
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint refresh_token_hash_sha256 check (octet_length(token_hash) = 32)
);

comment on column refresh_token.family is 'one login; a token of it that is used twice revokes all of it';

create index idx_refresh_token_identity on refresh_token (identity);
create index idx_refresh_token_family on refresh_token (family);
create index idx_refresh_token_expires_at on refresh_token (expires_at);

create table signing_key (
    id bigint generated always as identity primary key,
    key_id text not null unique,
    algorithm text not null,
    secret text not null,
    active boolean not null default true,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on column signing_key.secret is 'encrypted by the server''s master key';

create table certificate_authority (
    id bigint generated always as identity primary key,
    certificate_pem text not null,
    private_key text not null,
    active boolean not null default true,
    fingerprint text not null unique,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on column certificate_authority.private_key is 'encrypted by the server''s master key';

create table login_failure (
    id bigint generated always as identity primary key,
    login text not null unique,
    address text,
    failed_count int not null default 0,
    window_started_at timestamptz not null default now(),
    blocked_until timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint login_failure_login_lower_case check (login = lower(login)),
    constraint login_failure_count_not_negative check (failed_count >= 0)
);

create trigger update_api_token_updated
    before update on api_token
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_refresh_token_updated
    before update on refresh_token
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_signing_key_updated
    before update on signing_key
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_certificate_authority_updated
    before update on certificate_authority
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_login_failure_updated
    before update on login_failure
    for each row when (new.updated = old.updated) execute function update_updated_column();
