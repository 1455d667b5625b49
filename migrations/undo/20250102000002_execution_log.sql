-- Undo: drops execution_log.

set search_path to attune;

drop table execution_log;
