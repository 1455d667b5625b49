-- 6 of the founding 13: enforcement, execution, inquiry.

set search_path to attune;

create table enforcement (
    id bigint generated always as identity primary key,
    rule bigint references rule on delete set null,
    rule_ref text not null,
    trigger_ref text not null,
    config jsonb,
    event bigint references event on delete set null,
    status enforcement_status_enum not null default 'created',
    payload jsonb not null,
    condition enforcement_condition_enum not null default 'all',
    conditions jsonb not null default '[]',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    -- A redelivered event enforces nothing twice.
    unique (rule, event)
);

create index idx_enforcement_event on enforcement (event) where event is not null;
create index idx_enforcement_rule_ref on enforcement (rule_ref, id desc);
create index idx_enforcement_created on enforcement using brin (created);

-- The hottest table. No index touches a column that changes while an execution lives (status, updated, result …), so
-- every update is heap-only.
create table execution (
    id bigint generated always as identity primary key,
    action bigint references action on delete set null,
    action_ref text not null,
    config jsonb,
    parent bigint references execution on delete set null,
    enforcement bigint references enforcement on delete set null,
    executor bigint references identity on delete set null,
    status execution_status_enum not null default 'requested',
    result jsonb,
    is_workflow boolean not null default false,
    workflow_def bigint,
    workflow_task jsonb,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on column execution.config is 'its parameters';
comment on column execution.workflow_task is
    '{workflow_execution, task_name, task_index, task_batch, retry_count, max_retries, next_retry_at, timeout_seconds, timed_out, duration_ms, started_at, completed_at}';

create index idx_execution_action_ref on execution (action_ref, id desc);
create index idx_execution_action on execution (action) where action is not null;
create index idx_execution_parent on execution (parent) where parent is not null;
create index idx_execution_enforcement on execution (enforcement) where enforcement is not null;
-- An enforcement starts one execution; that one's children may name it too.
create unique index idx_execution_enforcement_top on execution (enforcement) where enforcement is not null and parent is null;
create index idx_execution_executor on execution (executor, id desc) where executor is not null;
create index idx_execution_workflow_def on execution (workflow_def) where workflow_def is not null;

create table inquiry (
    id bigint generated always as identity primary key,
    execution bigint not null references execution on delete cascade,
    prompt text not null,
    response_schema jsonb,
    assigned_to bigint references identity on delete set null,
    status inquiry_status_enum not null default 'pending',
    response jsonb,
    timeout_at timestamptz,
    responded_at timestamptz,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint inquiry_responded_at_agrees check ((status = 'responded') = (responded_at is not null)),
    constraint inquiry_response_agrees check (response is null or status = 'responded')
);

create index idx_inquiry_execution on inquiry (execution);
create index idx_inquiry_assigned_to on inquiry (assigned_to) where assigned_to is not null;
create index idx_inquiry_pending on inquiry (id desc) where status = 'pending';
create index idx_inquiry_timeout_at on inquiry (timeout_at) where status = 'pending' and timeout_at is not null;

create trigger update_enforcement_updated
    before update on enforcement
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_execution_updated
    before update on execution
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_inquiry_updated
    before update on inquiry
    for each row when (new.updated = old.updated) execute function update_updated_column();
