-- Undo 7: drops the workflow views, workflow_execution, workflow_definition.

set search_path to attune;

drop view workflow_action_link;
drop view workflow_task_detail;
drop view workflow_execution_summary;

alter table execution drop constraint execution_workflow_def_fkey;
alter table action drop constraint action_workflow_def_fkey;

drop table workflow_execution;
drop table workflow_definition;
