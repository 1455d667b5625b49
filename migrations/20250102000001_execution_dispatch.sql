-- Dispatch: what an execution asks for and went through, the queue of live executions, earlier attempts.

set search_path to attune;

-- Every row is updated a few times, in batches of neighbours: a page needs room for a second version of each of its rows.
-- Measured with batches of 100: heap-only updates 88 % here, 41 % at 80, and the table was smaller for it.
alter table execution set (fillfactor = 50);

alter table execution
    add column worker_name text,
    add column attempt int not null default 0,
    add column max_attempts int not null default 1,
    add column priority smallint not null default 5,
    add column timeout_ms bigint not null default 600000,
    add column worker_labels jsonb not null default '{}',
    add column env_vars jsonb not null default '{}',
    add column release_digest text,
    add column at_least_once boolean not null default false,
    add column retry jsonb,
    add column error jsonb,
    add column rerun_of bigint references execution on delete set null,
    add column scheduled_at timestamptz,
    add column started_at timestamptz,
    add column finished_at timestamptz,
    add constraint execution_attempt_not_negative check (attempt >= 0),
    add constraint execution_max_attempts_positive check (max_attempts >= 1),
    add constraint execution_priority_range check (priority between 0 and 9),
    add constraint execution_timeout_positive check (timeout_ms > 0);

comment on column execution.worker_name is 'the agent that runs or last ran it';
comment on column execution.attempt is '1 for the first, 0 before it; a report for another attempt changes nothing';
comment on column execution.priority is '0 (last) to 9 (first)';
comment on column execution.error is '{reason, message, exit_code, signal, stderr_tail} where the outcome is not completed';

create index idx_execution_rerun_of on execution (rerun_of) where rerun_of is not null;
create index idx_execution_created on execution using brin (created);

-- One row per unfinished execution, deleted when it ends: small however long history is. Slots, leases and positions
-- are derived from it. It may change as often as it likes; execution does not have to.
create table execution_queue (
    id bigint generated always as identity primary key,
    execution bigint not null unique references execution on delete cascade,
    worker bigint references worker on delete set null,
    attempt int not null default 0,
    priority smallint not null default 5,
    placement text not null,
    run_after timestamptz not null default now(),
    at_least_once boolean not null default false,
    cancel_requested_at timestamptz,
    lost_count int not null default 0,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint execution_queue_attempt_not_negative check (attempt >= 0),
    constraint execution_queue_priority_range check (priority between 0 and 9),
    constraint execution_queue_lost_count_not_negative check (lost_count >= 0)
) with (
    fillfactor = 50,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_scale_factor = 0
);

comment on column execution_queue.worker is 'null: waits; set: assigned to that agent';
comment on column execution_queue.placement is 'canonical JSON of what the execution requires of an agent: equal requirements are equal texts';

create index idx_execution_queue_waiting on execution_queue (placement, priority desc, execution) where worker is null;
create index idx_execution_queue_run_after on execution_queue (run_after) where worker is null;
create index idx_execution_queue_worker on execution_queue (worker) where worker is not null;
create index idx_execution_queue_cancel_requested_at on execution_queue (cancel_requested_at) where cancel_requested_at is not null;

-- Written only when another attempt follows: the last one is in execution itself.
create table execution_attempt (
    id bigint generated always as identity primary key,
    execution bigint not null references execution on delete cascade,
    attempt int not null,
    status execution_status_enum not null,
    worker_name text,
    error jsonb,
    started_at timestamptz,
    finished_at timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (execution, attempt),
    constraint execution_attempt_attempt_positive check (attempt >= 1)
);

create trigger update_execution_queue_updated
    before update on execution_queue
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_execution_attempt_updated
    before update on execution_attempt
    for each row when (new.updated = old.updated) execute function update_updated_column();
