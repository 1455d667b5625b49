-- Undo 2: drops policy, permission_assignment, permission_set, identity.

set search_path to attune;

drop table policy;
drop table permission_assignment;
drop table permission_set;
drop table identity;
