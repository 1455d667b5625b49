-- Undo: drops timer, timer_miss.

set search_path to attune;

drop table timer_miss;
drop table timer;
