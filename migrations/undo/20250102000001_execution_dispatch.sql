-- Undo: drops the queue, the earlier attempts, and what dispatch added to execution.

set search_path to attune;

drop table execution_attempt;
drop table execution_queue;

drop index idx_execution_created;

alter table execution
    drop column finished_at,
    drop column started_at,
    drop column scheduled_at,
    drop column rerun_of,
    drop column error,
    drop column retry,
    drop column at_least_once,
    drop column release_digest,
    drop column env_vars,
    drop column worker_labels,
    drop column timeout_ms,
    drop column priority,
    drop column max_attempts,
    drop column attempt,
    drop column worker_name;

alter table execution reset (fillfactor);
