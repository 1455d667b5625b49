-- Undo: drops what the event chain added to event and enforcement, and the change signals of trigger.

set search_path to attune;

drop trigger notify_trigger_deleted on trigger;
drop trigger notify_trigger_updated on trigger;
drop trigger notify_trigger_inserted on trigger;

drop index idx_enforcement_failed;

alter table enforcement
    drop column error,
    drop column action_ref;

drop index idx_event_rule_ref;
drop index idx_event_replay_of;
drop index idx_event_idempotency_key;

alter table event
    drop column unmatched_count,
    drop column unmatched,
    drop column replay_of,
    drop column idempotency_key,
    drop column origin;

comment on column event.rule is null;
comment on column enforcement.config is null;
