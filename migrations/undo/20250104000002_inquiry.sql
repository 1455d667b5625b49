-- Undo: drops inquiry_answer and what was added to inquiry; events that Attune itself told count as called by API.

set search_path to attune;

comment on column notification.activity is 'created, updated, deleted or status_changed';

alter table event drop constraint event_origin_known;
update event set origin = 'api' where origin = 'system';
alter table event
    add constraint event_origin_known check (origin in ('api', 'sensor', 'webhook', 'timer', 'replay'));

drop table inquiry_answer;

drop index idx_inquiry_notice_at;

comment on table inquiry is null;
comment on column inquiry.assigned_to is null;
comment on column inquiry.response is null;

alter table inquiry
    drop column assignee_logins,
    drop column assignee_permission_sets,
    drop column quorum,
    drop column no_self_answer,
    drop column reminder_ms,
    drop column notice_at,
    drop column notice_count,
    drop column reminded_at,
    drop column finished_at;
