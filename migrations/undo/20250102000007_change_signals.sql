-- Undo: drops the change signals.

set search_path to attune;

drop trigger notify_worker_deleted on worker;
drop trigger notify_worker_updated on worker;
drop trigger notify_worker_inserted on worker;
drop trigger notify_api_token_deleted on api_token;
drop trigger notify_api_token_updated on api_token;
drop trigger notify_api_token_inserted on api_token;
drop trigger notify_permission_assignment_deleted on permission_assignment;
drop trigger notify_permission_assignment_updated on permission_assignment;
drop trigger notify_permission_assignment_inserted on permission_assignment;
drop trigger notify_permission_set_deleted on permission_set;
drop trigger notify_permission_set_updated on permission_set;
drop trigger notify_permission_set_inserted on permission_set;
drop trigger notify_runtime_deleted on runtime;
drop trigger notify_runtime_updated on runtime;
drop trigger notify_runtime_inserted on runtime;
drop trigger notify_action_deleted on action;
drop trigger notify_action_updated on action;
drop trigger notify_action_inserted on action;
drop trigger notify_pack_deleted on pack;
drop trigger notify_pack_updated on pack;
drop trigger notify_pack_inserted on pack;

drop function notify_worker_changed();
drop function notify_api_token_changed();
drop function notify_cache_changed();
