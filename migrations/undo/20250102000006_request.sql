-- Undo: drops request.

set search_path to attune;

drop table request;
