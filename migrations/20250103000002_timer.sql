-- When each rule on a timer fires next, and the fires that nobody was there for.

set search_path to attune;

create table timer (
    id bigint generated always as identity primary key,
    rule bigint not null unique references rule on delete cascade,
    rule_ref text not null,
    trigger_ref text not null,
    trigger_params jsonb not null,
    enabled boolean not null,
    anchor_at timestamptz not null,
    next_fire_at timestamptz,
    last_fired_at timestamptz,
    missed_count bigint not null default 0,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint timer_missed_count_not_negative check (missed_count >= 0),
    constraint timer_disabled_never_fires check (enabled or next_fire_at is null)
);

comment on column timer.trigger_params is 'the rule''s, as this row was planned from them; with trigger_ref and enabled they tell whether the plan is still right';
comment on column timer.enabled is 'rule and trigger, as planned';
comment on column timer.anchor_at is 'intervals count from here: when the rule came to be as it is';
comment on column timer.next_fire_at is 'null: never again, or not while it is disabled';

create index idx_timer_next_fire_at on timer (next_fire_at) where next_fire_at is not null;

create table timer_miss (
    id bigint generated always as identity primary key,
    rule bigint references rule on delete set null,
    rule_ref text not null,
    first_scheduled_at timestamptz not null,
    last_scheduled_at timestamptz not null,
    count bigint not null,
    fired_late bigint not null,
    policy text not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint timer_miss_times_in_order check (first_scheduled_at <= last_scheduled_at),
    constraint timer_miss_count_positive check (count >= 1),
    constraint timer_miss_fired_late_range check (fired_late between 0 and count),
    constraint timer_miss_policy_known check (policy in ('skip', 'latest', 'all'))
);

comment on column timer_miss.fired_late is 'of these, made up for by the policy';

create index idx_timer_miss_rule on timer_miss (rule, id desc) where rule is not null;
create index idx_timer_miss_created on timer_miss using brin (created);

create trigger update_timer_updated
    before update on timer
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_timer_miss_updated
    before update on timer_miss
    for each row when (new.updated = old.updated) execute function update_updated_column();
