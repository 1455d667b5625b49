-- Undo 5: drops event, rule, trigger.

set search_path to attune;

alter table sensor drop constraint sensor_trigger_fkey;

drop table event;
drop table rule;
drop table trigger;
