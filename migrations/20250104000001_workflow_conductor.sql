-- What carrying out workflows needs: the conductor's state, what happened to a workflow and is not taken yet, values kept outside the state,
-- and what people changed in a run.

set search_path to attune;

-- Immutable, whatever convert_to says of itself: its target is a constant.
create function workflow_graph_digest(graph jsonb) returns text
    language sql
    immutable
as $$
    select encode(sha256(convert_to(graph::text, 'UTF8')), 'hex')
$$;

-- Once for each definition, so that starting a workflow does not read its graph to know which one it is.
alter table workflow_definition
    add column graph_digest text generated always as (workflow_graph_digest(definition)) stored;

comment on column workflow_definition.graph_digest is 'SHA-256 of definition in hex';

-- json and not jsonb: only the conductor reads it, and it is to stay as it was written.
alter table workflow_execution
    add column state json,
    add column step bigint not null default 0,
    add column wake_at timestamptz,
    add column depth smallint not null default 0,
    add column graph_digest text not null default '',
    add column broken boolean not null default false,
    add constraint workflow_execution_depth_limit check (depth between 0 and 10);

comment on column workflow_execution.state is 'what the conductor keeps; null before its first step';
comment on column workflow_execution.step is 'counts the steps, so that a replica knows whether what it has in memory is the present state';
comment on column workflow_execution.wake_at is 'when a delay, a retry or the timeout is due';
comment on column workflow_execution.depth is 'workflows above it';
comment on column workflow_execution.graph_digest is 'that of the definition that task_graph was: equal graphs are compiled once';
comment on column workflow_execution.broken is 'failed because it could not be carried on: how it ended is not in its state';
comment on column workflow_execution.variables is 'what was published, merged over all branches';

-- Executions of one run of a task among those of a workflow with thousands.
create index idx_execution_parent_run on execution (parent, ((workflow_task ->> 'run')::int)) where workflow_task is not null;

create index idx_workflow_execution_wake_at on workflow_execution (wake_at) where wake_at is not null;

-- Every step rewrites the row. Most leave the indexed columns as they are (wake_at, and status, by which an index is partial), so most stay
-- heap-only while there is room in the page.
alter table workflow_execution set (fillfactor = 60);

-- Without foreign keys on purpose: who writes one (an agent's report) must not wait for the lock of the workflow's row, and rows live for
-- milliseconds. What belongs to no workflow is removed by whoever finds it.
create table workflow_happening (
    id bigint generated always as identity primary key,
    workflow_execution bigint not null,
    kind text not null,
    execution bigint,
    detail jsonb,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint workflow_happening_kind check (kind in ('started', 'ended', 'cancel', 'pause', 'resume', 'rerun', 'edit')),
    constraint workflow_happening_execution_agrees check ((kind = 'ended') = (execution is not null))
) with (
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_scale_factor = 0
);

comment on table workflow_happening is 'what happened to a workflow and was not taken into its state yet';
comment on column workflow_happening.execution is 'the task''s execution that ended';

create index idx_workflow_happening_workflow_execution on workflow_happening (workflow_execution, id);

create table workflow_value (
    id bigint generated always as identity primary key,
    workflow_execution bigint not null references workflow_execution on delete cascade,
    kind text not null,
    run int not null,
    item int not null,
    value jsonb not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (workflow_execution, run, kind, item),
    constraint workflow_value_kind check (kind in ('items', 'edited_result', 'edited_input'))
);

comment on table workflow_value is 'values that a workflow needs again and its state does not hold';

create table workflow_edit (
    id bigint generated always as identity primary key,
    workflow_execution bigint not null references workflow_execution on delete cascade,
    identity bigint references identity on delete set null,
    login text not null,
    kind text not null,
    tasks text[] not null default '{}',
    reason text,
    value jsonb,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint workflow_edit_kind check (kind in ('pause', 'resume', 'rerun', 'edit_input', 'edit_result'))
);

comment on table workflow_edit is 'what people changed in a run, for ever';

create index idx_workflow_edit_workflow_execution on workflow_edit (workflow_execution, id);
create index idx_workflow_edit_identity on workflow_edit (identity) where identity is not null;

create trigger update_workflow_happening_updated
    before update on workflow_happening
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_workflow_value_updated
    before update on workflow_value
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_workflow_edit_updated
    before update on workflow_edit
    for each row when (new.updated = old.updated) execute function update_updated_column();

create function notify_workflow_happened() returns trigger
    language plpgsql
as $$
begin
    if exists (select from new_rows) then
        perform pg_notify('workflow_happened', '');
    end if;
    return null;
end
$$;

create trigger notify_workflow_happened
    after insert on workflow_happening
    referencing new table as new_rows
    for each statement execute function notify_workflow_happened();

-- However a task's execution ends (report, loss, cancellation, answer), its workflow hears of it in the same transaction. One that is
-- stored as already ended is told by whoever stores it. NOT IN and not a join: hashed, so it is linear however few rows the statement had
-- when the plan was cached; and what ended before, ended before.
create function tell_workflow() returns trigger
    language plpgsql
as $$
begin
    if exists (
        select
        from new_rows n
        where n.workflow_task ->> 'workflow_execution' is not null
          and n.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
    ) then
        insert into attune.workflow_happening (workflow_execution, kind, execution)
        select (n.workflow_task ->> 'workflow_execution')::bigint, 'ended', n.id
        from new_rows n
        where n.workflow_task ->> 'workflow_execution' is not null
          and n.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
          and n.id not in (
              select o.id
              from old_rows o
              where o.workflow_task is not null
                and o.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
          )
        order by n.id;
    end if;
    return null;
end
$$;

create trigger tell_workflow
    after update on execution
    referencing old table as old_rows new table as new_rows
    for each statement execute function tell_workflow();

-- Times and the outcome are the execution's own; only what it does not know is in workflow_task.
drop view workflow_task_detail;

create view workflow_task_detail as
select
    t.id as execution,
    t.parent,
    t.action_ref,
    t.status,
    (t.workflow_task ->> 'workflow_execution')::bigint as workflow_execution,
    t.workflow_task ->> 'task_name' as task_name,
    (t.workflow_task ->> 'run')::int as run,
    (t.workflow_task ->> 'task_index')::int as task_index,
    (t.workflow_task ->> 'task_batch')::int as task_batch,
    (t.workflow_task ->> 'retry_count')::int as retry_count,
    (t.workflow_task ->> 'max_retries')::int as max_retries,
    q.run_after as next_retry_at,
    (t.timeout_ms / 1000)::int as timeout_seconds,
    t.status = 'timeout' as timed_out,
    (extract(epoch from t.finished_at - t.started_at) * 1000)::bigint as duration_ms,
    t.started_at,
    t.finished_at as completed_at,
    t.created,
    t.updated
from execution t
left join execution_queue q on q.execution = t.id and q.worker is null and t.attempt > 0
where t.workflow_task is not null;
