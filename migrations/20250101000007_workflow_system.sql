-- 7 of the founding 13: workflow_definition, workflow_execution, the views over them. A task's state is execution.workflow_task.

set search_path to attune;

create table workflow_definition (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint not null references pack on delete cascade,
    pack_ref text not null,
    label text not null,
    description text,
    version text not null,
    param_schema jsonb,
    out_schema jsonb,
    definition jsonb not null,
    tags text[] not null default '{}',
    enabled boolean not null default true,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint workflow_definition_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$')
);

create index idx_workflow_definition_pack on workflow_definition (pack);
create index idx_workflow_definition_tags on workflow_definition using gin (tags);

-- An action that is a workflow is nothing without its definition; history keeps its refs.
alter table action add foreign key (workflow_def) references workflow_definition on delete cascade;
alter table execution add foreign key (workflow_def) references workflow_definition on delete set null;

create table workflow_execution (
    id bigint generated always as identity primary key,
    execution bigint not null unique references execution on delete cascade,
    workflow_def bigint references workflow_definition on delete set null,
    current_tasks text[] not null default '{}',
    completed_tasks text[] not null default '{}',
    failed_tasks text[] not null default '{}',
    skipped_tasks text[] not null default '{}',
    variables jsonb not null default '{}',
    task_graph jsonb not null,
    status execution_status_enum not null default 'requested',
    error_message text,
    paused boolean not null default false,
    pause_reason text,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on column workflow_execution.task_graph is 'the graph that it started with and stays with';

create index idx_workflow_execution_workflow_def on workflow_execution (workflow_def) where workflow_def is not null;
create index idx_workflow_execution_unfinished on workflow_execution (id)
    where status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling');

create view workflow_execution_summary as
select
    w.id,
    w.execution,
    e.action_ref,
    w.workflow_def,
    d.ref as workflow_ref,
    d.label as workflow_label,
    d.version as workflow_version,
    w.status,
    w.paused,
    w.pause_reason,
    w.error_message,
    cardinality(w.current_tasks) as current_task_count,
    cardinality(w.completed_tasks) as completed_task_count,
    cardinality(w.failed_tasks) as failed_task_count,
    cardinality(w.skipped_tasks) as skipped_task_count,
    w.created,
    w.updated
from workflow_execution w
join execution e on e.id = w.execution
left join workflow_definition d on d.id = w.workflow_def;

create view workflow_task_detail as
select
    t.id as execution,
    t.parent,
    t.action_ref,
    t.status,
    (t.workflow_task ->> 'workflow_execution')::bigint as workflow_execution,
    t.workflow_task ->> 'task_name' as task_name,
    (t.workflow_task ->> 'task_index')::int as task_index,
    (t.workflow_task ->> 'task_batch')::int as task_batch,
    (t.workflow_task ->> 'retry_count')::int as retry_count,
    (t.workflow_task ->> 'max_retries')::int as max_retries,
    (t.workflow_task ->> 'next_retry_at')::timestamptz as next_retry_at,
    (t.workflow_task ->> 'timeout_seconds')::int as timeout_seconds,
    (t.workflow_task ->> 'timed_out')::boolean as timed_out,
    (t.workflow_task ->> 'duration_ms')::bigint as duration_ms,
    (t.workflow_task ->> 'started_at')::timestamptz as started_at,
    (t.workflow_task ->> 'completed_at')::timestamptz as completed_at,
    t.created,
    t.updated
from execution t
where t.workflow_task is not null;

create view workflow_action_link as
select
    d.id as workflow_def,
    d.ref as workflow_ref,
    d.label as workflow_label,
    d.version as workflow_version,
    d.enabled as workflow_enabled,
    d.pack,
    d.pack_ref,
    a.id as action,
    a.ref as action_ref,
    a.label as action_label
from workflow_definition d
left join action a on a.workflow_def = d.id;

create trigger update_workflow_definition_updated
    before update on workflow_definition
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_workflow_execution_updated
    before update on workflow_execution
    for each row when (new.updated = old.updated) execute function update_updated_column();
