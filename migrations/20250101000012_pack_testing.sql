-- 12 of the founding 13: pack_test_execution, the results of a pack's own tests, with its views and functions.

set search_path to attune;

create table pack_test_execution (
    id bigint generated always as identity primary key,
    pack bigint not null references pack on delete cascade,
    pack_version text not null,
    execution_time timestamptz not null default now(),
    trigger_reason text not null,
    total_tests int not null,
    passed int not null,
    failed int not null,
    skipped int not null,
    pass_rate double precision not null,
    duration_ms bigint not null,
    result jsonb not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint pack_test_execution_trigger_reason_known check (trigger_reason in ('install', 'update', 'manual', 'validation')),
    constraint pack_test_execution_counts_not_negative check (passed >= 0 and failed >= 0 and skipped >= 0),
    constraint pack_test_execution_counts_add_up check (total_tests = passed + failed + skipped),
    constraint pack_test_execution_pass_rate_range check (pass_rate between 0 and 1),
    constraint pack_test_execution_duration_not_negative check (duration_ms >= 0)
);

create index idx_pack_test_execution_pack on pack_test_execution (pack, execution_time desc);

create view pack_test_summary as
select
    p.id as pack,
    p.ref as pack_ref,
    p.label as pack_label,
    t.id as test_execution,
    t.pack_version,
    t.execution_time,
    t.trigger_reason,
    t.total_tests,
    t.passed,
    t.failed,
    t.skipped,
    t.pass_rate,
    t.duration_ms
from pack_test_execution t
join pack p on p.id = t.pack;

create view pack_latest_test as
select distinct on (t.pack)
    t.pack,
    p.ref as pack_ref,
    p.label as pack_label,
    t.id as test_execution,
    t.pack_version,
    t.execution_time,
    t.trigger_reason,
    t.total_tests,
    t.passed,
    t.failed,
    t.skipped,
    t.pass_rate,
    t.duration_ms
from pack_test_execution t
join pack p on p.id = t.pack
order by t.pack, t.execution_time desc, t.id desc;

create function get_pack_test_stats(p_pack_id bigint)
    returns table (
        total_executions bigint,
        passed_executions bigint,
        failed_executions bigint,
        average_pass_rate double precision,
        average_duration_ms double precision,
        last_execution_time timestamptz,
        last_passed boolean
    )
    language sql
    stable
as $$
    select
        count(*),
        count(*) filter (where t.failed = 0),
        count(*) filter (where t.failed > 0),
        avg(t.pass_rate),
        avg(t.duration_ms)::double precision,
        max(t.execution_time),
        (array_agg(t.failed = 0 order by t.execution_time desc, t.id desc))[1]
    from attune.pack_test_execution t
    where t.pack = p_pack_id
$$;

comment on function get_pack_test_stats is 'One row, with nulls for a pack that was never tested.';

create function pack_has_passing_tests(p_pack_id bigint, p_hours int default 24) returns boolean
    language sql
    stable
as $$
    select coalesce((
        select t.failed = 0 and t.passed > 0
        from attune.pack_test_execution t
        where t.pack = p_pack_id
          and t.execution_time > now() - make_interval(hours => p_hours)
        order by t.execution_time desc, t.id desc
        limit 1), false)
$$;

comment on function pack_has_passing_tests is 'Whether the latest run within the last p_hours passed and tested anything.';

create trigger update_pack_test_execution_updated
    before update on pack_test_execution
    for each row when (new.updated = old.updated) execute function update_updated_column();
