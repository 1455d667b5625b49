-- The event chain: where an event came from, what makes it the same event again, whom it did not match and why; what an
-- enforcement came to. Change signals of trigger.

set search_path to attune;

alter table event
    add column origin text not null default 'api',
    add column idempotency_key text,
    add column replay_of bigint references event on delete set null,
    add column unmatched jsonb,
    add column unmatched_count int not null default 0,
    add constraint event_origin_known check (origin in ('api', 'sensor', 'webhook', 'timer', 'replay')),
    add constraint event_idempotency_key_length check (char_length(idempotency_key) between 1 and 255),
    add constraint event_unmatched_count_not_negative check (unmatched_count >= 0);

comment on column event.idempotency_key is 'of its trigger: the same key again is the same event';
comment on column event.unmatched is '[{rule_ref, why}], at most 50 of the rules that it did not match; null when none';
comment on column event.unmatched_count is 'all rules that it did not match, kept or not';
comment on column event.rule is 'set where the event is meant for this rule alone: a timer, a replay';

create unique index idx_event_idempotency_key on event (trigger_ref, idempotency_key) where idempotency_key is not null;
create index idx_event_replay_of on event (replay_of) where replay_of is not null;
-- Of a rule's own events only, so an event for everybody does not pay for it.
create index idx_event_rule_ref on event (rule_ref, id desc) where rule_ref is not null;

alter table enforcement
    add column action_ref text,
    add column error jsonb;

comment on column enforcement.config is 'the rendered parameters, secrets sealed';
comment on column enforcement.error is '{reason, message}: why the rule applied and yet started nothing';

create index idx_enforcement_failed on enforcement (id desc) where error is not null;

create trigger notify_trigger_inserted
    after insert on trigger
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('trigger');

create trigger notify_trigger_updated
    after update on trigger
    referencing new table as changed_rows
    for each statement execute function notify_cache_changed('trigger');

create trigger notify_trigger_deleted
    after delete on trigger
    referencing old table as changed_rows
    for each statement execute function notify_cache_changed('trigger');
