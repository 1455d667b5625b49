-- Undo 9: drops queue_stats, artifact, key.

set search_path to attune;

drop table queue_stats;
drop table artifact;
drop table key;
drop function validate_key_owner();
