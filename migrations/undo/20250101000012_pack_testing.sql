-- Undo 12: drops pack_test_execution, its views and functions.

set search_path to attune;

drop function pack_has_passing_tests(bigint, int);
drop function get_pack_test_stats(bigint);
drop view pack_latest_test;
drop view pack_test_summary;
drop table pack_test_execution;
