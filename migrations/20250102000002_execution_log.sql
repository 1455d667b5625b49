-- What executions print: chunks of output, numbered by the agent, so that one that is sent twice is stored once.

set search_path to attune;

create table execution_log (
    id bigint generated always as identity primary key,
    execution bigint not null references execution on delete cascade,
    attempt int not null,
    sequence bigint not null,
    stream smallint not null,
    content bytea not null,
    logged_at timestamptz not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    unique (execution, attempt, sequence),
    constraint execution_log_attempt_positive check (attempt >= 1),
    constraint execution_log_sequence_positive check (sequence >= 1),
    constraint execution_log_stream_known check (stream between 1 and 3)
);

comment on column execution_log.sequence is '1, 2, 3 … within the attempt, over all its streams';
comment on column execution_log.stream is '1 stdout, 2 stderr, 3 said by the agent';
comment on column execution_log.content is 'raw bytes, masked; may end in the middle of a line';

create index idx_execution_log_created on execution_log using brin (created);

create trigger update_execution_log_updated
    before update on execution_log
    for each row when (new.updated = old.updated) execute function update_updated_column();
