-- Undo 4: drops sensor and action.

set search_path to attune;

drop trigger remove_what_runs_on_pack on pack;
drop function remove_what_runs_on_pack();

alter table policy drop constraint policy_action_fkey;

drop table sensor;
drop table action;
