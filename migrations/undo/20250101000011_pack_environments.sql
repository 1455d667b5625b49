-- Undo 11: drops pack_environment, its view and functions.

set search_path to attune;

drop view pack_environment_status;
drop function get_pack_environment_path(text, text);
drop function runtime_requires_environment(text);
drop table pack_environment;
