-- Undo 13: drops every LISTEN/NOTIFY trigger.

set search_path to attune;

drop trigger notify_notification_created on notification;
drop trigger notify_rule_deleted on rule;
drop trigger notify_rule_updated on rule;
drop trigger notify_rule_inserted on rule;
drop trigger notify_inquiry_responded on inquiry;
drop trigger notify_inquiry_created on inquiry;
drop trigger notify_enforcement_created on enforcement;
drop trigger notify_event_created on event;
drop trigger notify_workflow_execution_status_changed on workflow_execution;
drop trigger notify_execution_status_changed on execution;
drop trigger notify_execution_created on execution;

drop function notify_changed();
drop function notify_status_changed();
drop function notify_created();
drop function notify_ids(text, text, bigint[], jsonb);
