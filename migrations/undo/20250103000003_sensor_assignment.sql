-- Undo: drops sensor_assignment and sensor_log with what they tell.

set search_path to attune;

drop trigger notify_sensor_deleted on sensor;
drop trigger notify_sensor_updated on sensor;
drop trigger notify_sensor_inserted on sensor;

drop table sensor_log;
drop function notify_sensor_log_appended();

alter table worker drop column leaving;

drop table sensor_assignment;
drop function notify_sensor_assigned();
drop sequence sensor_generation;
