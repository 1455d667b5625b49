-- Undo 3: drops runtime and pack.

set search_path to attune;

alter table policy drop constraint policy_pack_fkey;
alter table permission_set drop constraint permission_set_pack_fkey;

drop table runtime;
drop table pack;
