-- 1 of the founding 13: schema, service role and its rights, pgcrypto, every enum, update_updated_column().

create schema attune;

set search_path to attune;

comment on schema attune is 'Attune: event-driven automation. Made by migrations/*.sql only.';

-- Roles belong to the whole cluster: another database of it may have made this one already, or be making it right now.
-- It starts without a login and without a password; migrations/README.md says how to give it both.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'svc_attune') then
        create role svc_attune nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- Rows, not structure: no CREATE on the schema, no TRUNCATE, REFERENCES or TRIGGER on a table.
-- Default privileges cover what later migrations create, as long as the same owner runs them.
grant usage on schema attune to svc_attune;

alter default privileges in schema attune grant select, insert, update, delete on tables to svc_attune;
alter default privileges in schema attune grant usage, select on sequences to svc_attune;
alter default privileges in schema attune grant execute on functions to svc_attune;

-- "if not exists": an extension belongs to the database and may have been installed by its owner, in a schema of theirs.
create extension if not exists pgcrypto with schema attune;

create type worker_type_enum as enum ('local', 'remote', 'container');

create type worker_role_enum as enum ('action', 'sensor', 'hybrid');

create type worker_status_enum as enum ('active', 'inactive', 'busy', 'error');

create type enforcement_status_enum as enum ('created', 'processed', 'disabled');

create type enforcement_condition_enum as enum ('any', 'all');

create type execution_status_enum as enum (
    'requested', 'scheduling', 'scheduled', 'running', 'completed', 'failed', 'canceling', 'cancelled', 'timeout', 'abandoned'
);

create type inquiry_status_enum as enum ('pending', 'responded', 'timeout', 'cancelled');

create type policy_method_enum as enum ('cancel', 'enqueue');

create type owner_type_enum as enum ('system', 'identity', 'pack', 'action', 'sensor');

create type notification_status_enum as enum ('created', 'queued', 'processing', 'error');

create type artifact_type_enum as enum (
    'file_binary', 'file_datatable', 'file_image', 'file_text', 'other', 'progress', 'url'
);

create type artifact_retention_enum as enum ('versions', 'days', 'hours', 'minutes');

create type pack_environment_status_enum as enum ('pending', 'installing', 'ready', 'failed', 'outdated');

-- Every table calls this before an update, through a WHEN clause that is false when the statement has set `updated`
-- itself: a writer of hot rows sets it in its SQL and never pays for the call.
create function update_updated_column() returns trigger
    language plpgsql
as $$
begin
    new.updated := now();
    return new;
end
$$;
