-- Undo: drops what workflows need to be carried out; those that run stop for good.

set search_path to attune;

drop view workflow_task_detail;

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

drop trigger tell_workflow on execution;
drop function tell_workflow();
drop table workflow_edit;
drop table workflow_value;
drop table workflow_happening;
drop function notify_workflow_happened();
drop index idx_workflow_execution_wake_at;
drop index idx_execution_parent_run;

alter table workflow_execution
    reset (fillfactor),
    drop column broken,
    drop column graph_digest,
    drop column depth,
    drop column wake_at,
    drop column step,
    drop column state;

alter table workflow_definition drop column graph_digest;
drop function workflow_graph_digest(jsonb);

comment on column workflow_execution.variables is null;
