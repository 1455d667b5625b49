-- 2 of the founding 13: identity, permission_set, permission_assignment, policy.

set search_path to attune;

create table identity (
    id bigint generated always as identity primary key,
    login text not null,
    display_name text,
    password_hash text,
    attributes jsonb not null default '{}',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint identity_login_not_blank check (btrim(login) <> '')
);

comment on column identity.password_hash is 'null: no login by password';

create unique index idx_identity_login on identity (lower(login));
create index idx_identity_attributes on identity using gin (attributes);

create table permission_set (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint,
    pack_ref text,
    label text,
    description text,
    grants jsonb not null default '[]',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint permission_set_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$'),
    constraint permission_set_pack_ref_known check (pack is null or pack_ref is not null)
);

comment on column permission_set.grants is '[{resource, actions, constraints}]';

create index idx_permission_set_pack on permission_set (pack) where pack is not null;
create index idx_permission_set_grants on permission_set using gin (grants);

create table permission_assignment (
    id bigint generated always as identity primary key,
    identity bigint not null references identity on delete cascade,
    permset bigint not null references permission_set on delete cascade,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (identity, permset)
);

create index idx_permission_assignment_permset on permission_assignment (permset);

create table policy (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint,
    pack_ref text,
    action bigint,
    action_ref text,
    parameters text[] not null default '{}',
    method policy_method_enum not null,
    threshold int not null,
    name text not null,
    description text,
    tags text[] not null default '{}',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint policy_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$'),
    constraint policy_pack_ref_known check (pack is null or pack_ref is not null),
    constraint policy_action_ref_known check (action is null or action_ref is not null),
    constraint policy_threshold_positive check (threshold > 0)
);

comment on column policy.parameters is 'names of the parameters whose values form the group key';
comment on column policy.threshold is 'executions that may run at once per group key';

create index idx_policy_pack on policy (pack) where pack is not null;
create index idx_policy_action on policy (action) where action is not null;
create index idx_policy_action_ref on policy (action_ref) where action_ref is not null;
create index idx_policy_parameters on policy using gin (parameters);
create index idx_policy_tags on policy using gin (tags);

create trigger update_identity_updated
    before update on identity
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_permission_set_updated
    before update on permission_set
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_permission_assignment_updated
    before update on permission_assignment
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_policy_updated
    before update on policy
    for each row when (new.updated = old.updated) execute function update_updated_column();
