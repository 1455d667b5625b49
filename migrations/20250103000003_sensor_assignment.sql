-- Sensors at work: which agent runs which, how its process stands, and what it wrote to stderr.

set search_path to attune;

-- Over all sensors and never taken back, so that a sensor which was removed and installed again does not repeat one.
create sequence sensor_generation;

alter table worker add column leaving boolean not null default false;

comment on column worker.leaving is 'the agent itself said that it will stop; it has stopped its sensors';

create table sensor_assignment (
    id bigint generated always as identity primary key,
    sensor bigint not null unique references sensor on delete cascade,
    worker bigint references worker on delete set null,
    generation bigint not null,
    fingerprint text not null,
    emitters bigint[] not null default '{}',
    assigned_at timestamptz not null default now(),
    state text not null default 'assigned',
    started_at timestamptz,
    next_start_at timestamptz,
    failures_in_row int not null default 0,
    last_error text,
    event_count bigint not null default 0,
    last_event_at timestamptz,
    rejected_count bigint not null default 0,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint sensor_assignment_state_known check (state in ('assigned', 'starting', 'running', 'backing_off', 'stopped')),
    constraint sensor_assignment_counts_not_negative check (failures_in_row >= 0 and event_count >= 0 and rejected_count >= 0)
) with (fillfactor = 70);

comment on table sensor_assignment is 'One row for each sensor that was ever assigned; it stays when the sensor runs nowhere';
comment on column sensor_assignment.worker is 'the agent that has it; null: nowhere. It keeps it until its lease runs out';
comment on column sensor_assignment.generation is 'its process is started anew when this grows';
comment on column sensor_assignment.fingerprint is 'of all that a running process does not learn of: release, runtime, configuration';
comment on column sensor_assignment.emitters is 'agents that have or had it, the newest first: their buffered events still count';
comment on column sensor_assignment.state is 'of the process, as the agent last said; `assigned` until it has said anything';

create index idx_sensor_assignment_worker on sensor_assignment (worker) where worker is not null;

create table sensor_log (
    id bigint generated always as identity primary key,
    sensor bigint not null references sensor on delete cascade,
    worker_name text not null,
    logged_at timestamptz not null,
    text text not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on table sensor_log is 'What sensors wrote to stderr, and why events of theirs were refused. Only the newest lines are kept';

create index idx_sensor_log_sensor on sensor_log (sensor, id);

create trigger update_sensor_assignment_updated
    before update on sensor_assignment
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_sensor_log_updated
    before update on sensor_log
    for each row when (new.updated = old.updated) execute function update_updated_column();

-- Counts and states are no change for an agent; who has which generation is.
create function notify_sensor_assigned() returns trigger
    language plpgsql
as $$
declare
    ids bigint[];
begin
    if tg_op = 'INSERT' then
        ids := (select array_agg(distinct n.worker) filter (where n.worker is not null) from new_rows n);
    elsif tg_op = 'DELETE' then
        ids := (select array_agg(distinct o.worker) filter (where o.worker is not null) from old_rows o);
    else
        ids := (
            select array_agg(distinct c.worker) filter (where c.worker is not null)
            from (
                (select n.sensor, n.worker, n.generation from new_rows n except select o.sensor, o.worker, o.generation from old_rows o)
                union all
                (select o.sensor, o.worker, o.generation from old_rows o except select n.sensor, n.worker, n.generation from new_rows n)
            ) c);
    end if;
    if ids is not null then
        perform attune.notify_ids('sensor_changed', 'worker', ids, '{}');
    end if;
    return null;
end
$$;

create trigger notify_sensor_assignment_inserted
    after insert on sensor_assignment
    referencing new table as new_rows
    for each statement execute function notify_sensor_assigned();

create trigger notify_sensor_assignment_updated
    after update on sensor_assignment
    referencing old table as old_rows new table as new_rows
    for each statement execute function notify_sensor_assigned();

create trigger notify_sensor_assignment_deleted
    after delete on sensor_assignment
    referencing old table as old_rows
    for each statement execute function notify_sensor_assigned();

create function notify_sensor_log_appended() returns trigger
    language plpgsql
as $$
declare
    ids bigint[] := (select array_agg(distinct n.sensor) from new_rows n);
begin
    if ids is not null then
        perform attune.notify_ids('sensor_log_appended', 'sensor', ids, '{}');
    end if;
    return null;
end
$$;

create trigger notify_sensor_log_inserted
    after insert on sensor_log
    referencing new table as new_rows
    for each statement execute function notify_sensor_log_appended();

create trigger notify_sensor_inserted
    after insert on sensor
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('sensor');

create trigger notify_sensor_updated
    after update on sensor
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('sensor');

create trigger notify_sensor_deleted
    after delete on sensor
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('sensor');
