-- Undo 6: drops inquiry, execution, enforcement.

set search_path to attune;

drop table inquiry;
drop table execution;
drop table enforcement;
