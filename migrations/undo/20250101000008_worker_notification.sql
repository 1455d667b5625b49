-- Undo 8: drops notification, worker.

set search_path to attune;

drop table notification;
drop table worker;
