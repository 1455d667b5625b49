-- Undo 1: drops the schema, the rights in it, and the service role unless something else in the cluster depends on it.

set search_path to attune;

drop function update_updated_column();

drop type pack_environment_status_enum;
drop type artifact_retention_enum;
drop type artifact_type_enum;
drop type notification_status_enum;
drop type owner_type_enum;
drop type policy_method_enum;
drop type inquiry_status_enum;
drop type execution_status_enum;
drop type enforcement_condition_enum;
drop type enforcement_status_enum;
drop type worker_status_enum;
drop type worker_role_enum;
drop type worker_type_enum;

-- Only the pgcrypto that this schema holds is ours to drop.
do $$
begin
    if exists (
        select
        from pg_catalog.pg_extension e
        join pg_catalog.pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'pgcrypto' and n.nspname = 'attune'
    ) then
        drop extension pgcrypto;
    end if;
end
$$;

alter default privileges in schema attune revoke select, insert, update, delete on tables from svc_attune;
alter default privileges in schema attune revoke usage, select on sequences from svc_attune;
alter default privileges in schema attune revoke execute on functions from svc_attune;

revoke all on schema attune from svc_attune;

-- Not CASCADE: a schema that still holds something means that a later migration has not been undone.
drop schema attune;

set search_path to default;

-- Another database of the cluster may use the role, and whoever runs this may not be allowed to drop roles.
do $$
begin
    drop role svc_attune;
exception
    when undefined_object then null;
    when dependent_objects_still_exist or insufficient_privilege or object_in_use then
        raise notice 'role svc_attune is kept: %', sqlerrm;
end
$$;
