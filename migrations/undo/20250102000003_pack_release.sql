-- Undo: drops the releases and the added fields. A policy that only limits a rate cannot be kept: it goes.

set search_path to attune;

drop index idx_policy_enabled;

delete from policy where threshold is null;

alter table policy
    drop constraint policy_rate_positive,
    drop constraint policy_limits_something,
    drop constraint policy_rate_complete,
    drop constraint policy_concurrency_complete,
    drop column rate_method,
    drop column rate_window_seconds,
    drop column rate_limit,
    drop column priority,
    drop column enabled,
    alter column threshold set not null,
    alter column method set not null;

alter table rule drop column tags;

alter table sensor
    drop column release_digest,
    drop column tags,
    drop column triggers;

alter table trigger drop column tags;

alter table workflow_definition drop column release_digest;

alter table runtime drop column aliases;

alter table action
    drop column workflow_file,
    drop column tags,
    drop column permission_sets,
    drop column worker_labels,
    drop column delivery,
    drop column retry,
    drop column timeout_seconds,
    drop column output_format,
    drop column parameter_format,
    drop column parameter_delivery,
    drop column runtime_version,
    drop column runtime_ref,
    drop column release_digest,
    drop column enabled;

alter table pack drop column release_digest;

drop table pack_release;
