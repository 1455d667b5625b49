-- Inquiries: who may answer and how many must, when people are told and reminded, every answer that was given. Events that Attune itself tells.

set search_path to attune;

alter table inquiry
    add column assignee_logins text[] not null default '{}',
    add column assignee_permission_sets text[] not null default '{}',
    add column quorum int not null default 1,
    add column no_self_answer boolean not null default false,
    add column reminder_ms bigint,
    add column notice_at timestamptz,
    add column notice_count int not null default 0,
    add column reminded_at timestamptz,
    add column finished_at timestamptz;

update inquiry i
set assignee_logins = coalesce((select array[who.login] from identity who where who.id = i.assigned_to), '{}'),
    finished_at = case when i.status in ('timeout', 'cancelled') then i.updated end;

alter table inquiry
    add constraint inquiry_quorum_positive check (quorum >= 1),
    add constraint inquiry_reminder_positive check (reminder_ms > 0),
    add constraint inquiry_notice_count_not_negative check (notice_count >= 0),
    add constraint inquiry_reminded_at_agrees check ((notice_count > 1) = (reminded_at is not null)),
    add constraint inquiry_finished_at_agrees check (finished_at is null or status in ('timeout', 'cancelled'));

comment on table inquiry is 'questions of workflows to people; what they are about is in their execution, whose workflow_task names the task';
comment on column inquiry.assigned_to is 'the identity, where one alone is asked and by login; it may answer, and so may who is in the lists';
comment on column inquiry.assignee_logins is 'who may answer; names, as the workflow gave them, known or not. All of it empty: whoever has the permission';
comment on column inquiry.assignee_permission_sets is 'whoever holds one of these when they answer may';
comment on column inquiry.quorum is 'people who must answer';
comment on column inquiry.no_self_answer is 'whoever started the workflow may not answer';
comment on column inquiry.response is 'the first answer that counted';
comment on column inquiry.finished_at is 'when it ended without an answer; with one it is responded_at';
comment on column inquiry.notice_at is 'when people are told next: of the question at once, then as a reminder; null: not again';
comment on column inquiry.notice_count is 'times people were told: the first is the question, the others are reminders';

create index idx_inquiry_notice_at on inquiry (notice_at) where status = 'pending' and notice_at is not null;

create table inquiry_answer (
    id bigint generated always as identity primary key,
    inquiry bigint not null references inquiry on delete cascade,
    identity bigint references identity on delete set null,
    login text not null,
    response jsonb not null,
    counted boolean not null,
    created timestamptz not null default now(),
    updated timestamptz not null default now()
);

comment on table inquiry_answer is 'every valid answer of somebody who may answer, never changed';
comment on column inquiry_answer.counted is 'false: it came when the inquiry was over';

create index idx_inquiry_answer_inquiry on inquiry_answer (inquiry, id);
create index idx_inquiry_answer_identity on inquiry_answer (identity) where identity is not null;
create unique index idx_inquiry_answer_counted on inquiry_answer (inquiry, identity) where counted and identity is not null;

create trigger update_inquiry_answer_updated
    before update on inquiry_answer
    for each row when (new.updated = old.updated) execute function update_updated_column();

alter table event
    drop constraint event_origin_known,
    add constraint event_origin_known check (origin in ('api', 'sensor', 'webhook', 'timer', 'replay', 'system'));

comment on column notification.activity is 'created, updated, deleted, status_changed or reminded';
