-- 5 of the founding 13: trigger (with its webhook), event, rule.

set search_path to attune;

create table trigger (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint references pack on delete cascade,
    pack_ref text,
    label text not null,
    description text,
    enabled boolean not null default true,
    is_adhoc boolean not null default false,
    param_schema jsonb,
    out_schema jsonb,
    webhook_enabled boolean not null default false,
    webhook_key varchar(64),
    webhook_config jsonb not null default '{}',
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint trigger_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$'),
    constraint trigger_pack_ref_known check (pack is null or pack_ref is not null),
    constraint trigger_webhook_has_key check (not webhook_enabled or webhook_key is not null)
);

comment on column trigger.webhook_config is
    '{hmac: {enabled, algorithm, secret key ref}, rate_limit: {enabled, requests, window_seconds}, ip_allowlist: {enabled, ips}, payload_size_limit_kb}; a secret is a ref of key, never a value';

create index idx_trigger_pack on trigger (pack) where pack is not null;
create unique index idx_trigger_webhook_key on trigger (webhook_key) where webhook_key is not null;

alter table sensor add foreign key (trigger) references trigger on delete cascade;

create table rule (
    id bigint generated always as identity primary key,
    ref text not null unique,
    pack bigint not null references pack on delete cascade,
    pack_ref text not null,
    label text not null,
    description text not null default '',
    action bigint references action on delete set null,
    action_ref text not null,
    trigger bigint references trigger on delete set null,
    trigger_ref text not null,
    conditions jsonb not null default '[]',
    action_params jsonb not null default '{}',
    trigger_params jsonb not null default '{}',
    enabled boolean not null default true,
    is_adhoc boolean not null default false,
    created timestamptz not null default now(),
    updated timestamptz not null default now(),
    constraint rule_ref_format check (ref ~ '^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$')
);

create index idx_rule_pack on rule (pack);
create index idx_rule_action on rule (action);
create index idx_rule_trigger on rule (trigger);
create index idx_rule_trigger_ref_enabled on rule (trigger_ref) where enabled;

create table event (
    id bigint generated always as identity primary key,
    trigger bigint references trigger on delete set null,
    trigger_ref text not null,
    config jsonb,
    payload jsonb,
    source bigint references sensor on delete set null,
    source_ref text,
    rule bigint references rule on delete set null,
    rule_ref text,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on table event is 'What happened. Nothing changes an event once it is written; the keys to what has gone become null.';

create index idx_event_trigger on event (trigger) where trigger is not null;
create index idx_event_trigger_ref on event (trigger_ref, id desc);
create index idx_event_source on event (source) where source is not null;
create index idx_event_rule on event (rule) where rule is not null;
create index idx_event_created on event using brin (created);

create trigger update_trigger_updated
    before update on trigger
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_rule_updated
    before update on rule
    for each row when (new.updated = old.updated) execute function update_updated_column();

create trigger update_event_updated
    before update on event
    for each row when (new.updated = old.updated) execute function update_updated_column();
