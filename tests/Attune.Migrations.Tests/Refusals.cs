namespace Attune.Migrations.Tests;

/// <summary>What every check and every unique key refuses. A new one needs a line here.</summary>
static class Refusals
{
    /// <summary>Check constraint, to changes of the sample row (SQL `set` clauses) that it refuses, each by itself.</summary>
    public static IReadOnlyDictionary<string, string[]> OfChecks { get; } = new Dictionary<string, string[]>
    {
        ["action_delivery_known"] = ["delivery = 'twice'"],
        ["action_output_format_known"] = ["output_format = 'xml'"],
        ["action_parameter_delivery_known"] = ["parameter_delivery = 'argv'"],
        ["action_parameter_format_known"] = ["parameter_format = 'xml'"],
        ["action_ref_format"] = ["ref = 'rotate_cert'", "ref = 'edge.Rotate'", "ref = 'edge.rotate.cert'", "ref = 'edge.'"],
        ["action_timeout_positive"] = ["timeout_seconds = 0"],
        ["action_workflow_has_definition"] = ["is_workflow = false", "workflow_def = null"],
        ["api_token_hash_sha256"] = ["token_hash = 'the token itself'"],
        ["artifact_retention_limit_positive"] = ["retention_limit = 0"],
        ["event_idempotency_key_length"] = ["idempotency_key = ''", "idempotency_key = repeat('k', 256)"],
        ["event_origin_known"] = ["origin = 'rumour'"],
        ["event_unmatched_count_not_negative"] = ["unmatched_count = -1"],
        ["execution_attempt_attempt_positive"] = ["attempt = 0"],
        ["execution_attempt_not_negative"] = ["attempt = -1"],
        ["execution_log_attempt_positive"] = ["attempt = 0"],
        ["execution_log_sequence_positive"] = ["sequence = 0"],
        ["execution_log_stream_known"] = ["stream = 0", "stream = 4"],
        ["execution_max_attempts_positive"] = ["max_attempts = 0"],
        ["execution_priority_range"] = ["priority = -1", "priority = 10"],
        ["execution_queue_attempt_not_negative"] = ["attempt = -1"],
        ["execution_queue_lost_count_not_negative"] = ["lost_count = -1"],
        ["execution_queue_priority_range"] = ["priority = -1", "priority = 10"],
        ["execution_timeout_positive"] = ["timeout_ms = 0"],
        ["identity_login_not_blank"] = ["login = ' '"],
        ["inquiry_responded_at_agrees"] = ["responded_at = null", "status = 'timeout', response = null"],
        ["inquiry_response_agrees"] = ["status = 'pending', responded_at = null"],
        ["join_token_hash_sha256"] = ["token_hash = 'the token itself'"],
        ["key_encrypted_names_its_key"] = ["encryption_key_hash = null"],
        ["key_ref_format"] = ["ref = 'API_TOKEN'", "ref = ''"],
        ["login_failure_count_not_negative"] = ["failed_count = -1"],
        ["login_failure_login_lower_case"] = ["login = 'Ada'"],
        ["pack_checksum_sha256"] = ["checksum = 'abc'", "checksum = repeat('AB', 32)"],
        ["pack_checksum_verified_has_checksum"] = ["checksum = null"],
        ["pack_installation_method_known"] = ["installation_method = 'magic'"],
        ["pack_ref_format"] = ["ref = 'Edge'", "ref = '1edge'", "ref = 'e'", "ref = 'edge.core'", "ref = 'edge fleet'"],
        ["pack_release_digest_sha256"] = ["digest = 'abc'", "digest = repeat('AB', 32)"],
        ["pack_release_size_not_negative"] = ["size_bytes = -1"],
        ["pack_source_type_known"] = ["source_type = 'ftp'"],
        ["pack_test_execution_counts_add_up"] = ["total_tests = 5"],
        ["pack_test_execution_counts_not_negative"] = ["skipped = -1, passed = 4", "failed = -1, passed = 4", "passed = -1, failed = 4"],
        ["pack_test_execution_duration_not_negative"] = ["duration_ms = -1"],
        ["pack_test_execution_pass_rate_range"] = ["pass_rate = 1.01", "pass_rate = -0.01", "pass_rate = 'NaN'"],
        ["pack_test_execution_trigger_reason_known"] = ["trigger_reason = 'boredom'"],
        ["pack_version_semver"] = ["version = '1.4'", "version = '01.4.0'", "version = 'v1.4.0'", "version = '1.4.0-01'", "version = '1.4.0-'"],
        ["permission_set_pack_ref_known"] = ["pack_ref = null"],
        ["permission_set_ref_format"] = ["ref = 'approvers'", "ref = 'edge.Approvers'"],
        ["policy_action_ref_known"] = ["action_ref = null"],
        ["policy_concurrency_complete"] = ["threshold = null", "method = null"],
        ["policy_limits_something"] =
            ["threshold = null, method = null, rate_limit = null, rate_window_seconds = null, rate_method = null"],
        ["policy_pack_ref_known"] = ["pack_ref = null"],
        ["policy_rate_complete"] = ["rate_window_seconds = null", "rate_method = null"],
        ["policy_rate_positive"] = ["rate_limit = 0", "rate_window_seconds = 0"],
        ["policy_ref_format"] = ["ref = 'slowly'"],
        ["policy_threshold_positive"] = ["threshold = 0"],
        ["queue_stats_counts_not_negative"] =
            ["queue_length = -1", "active_count = -1", "max_concurrent = -1", "total_enqueued = -1", "total_completed = -1"],
        ["refresh_token_hash_sha256"] = ["token_hash = 'the token itself'"],
        ["request_request_id_length"] = ["request_id = ''", "request_id = repeat('r', 129)"],
        ["rule_ref_format"] = ["ref = 'rotate'"],
        ["runtime_pack_ref_known"] = ["pack_ref = null"],
        ["runtime_ref_format"] = ["ref = 'python'", "ref = 'edge.Python'", "ref = 'edge.python.three'"],
        ["sensor_assignment_counts_not_negative"] = ["failures_in_row = -1", "event_count = -1", "rejected_count = -1"],
        ["sensor_assignment_state_known"] = ["state = 'asleep'"],
        ["sensor_pack_ref_known"] = ["pack_ref = null"],
        ["sensor_ref_format"] = ["ref = 'watch'"],
        ["timer_disabled_never_fires"] = ["enabled = false"],
        ["timer_miss_count_positive"] = ["count = 0, fired_late = 0"],
        ["timer_miss_fired_late_range"] = ["fired_late = -1", "fired_late = 3"],
        ["timer_miss_policy_known"] = ["policy = 'some'"],
        ["timer_miss_times_in_order"] = ["last_scheduled_at = first_scheduled_at - interval '1 second'"],
        ["timer_missed_count_not_negative"] = ["missed_count = -1"],
        ["trigger_pack_ref_known"] = ["pack_ref = null"],
        ["trigger_ref_format"] = ["ref = 'expiring'"],
        ["trigger_webhook_has_key"] = ["webhook_key = null"],
        ["worker_name_not_blank"] = ["name = ''"],
        ["worker_port_range"] = ["port = 0", "port = 65536"],
        ["worker_slots_not_negative"] = ["slots = -1"],
        ["workflow_definition_ref_format"] = ["ref = 'rotate_cert'"],
    };

    /// <summary>
    /// Unique key, to what a second row has differently from the sample so that this key alone refuses it
    /// (`column = expression`). Primary keys are not here.
    /// </summary>
    public static IReadOnlyDictionary<string, string[]> OfUniqueKeys { get; } = new Dictionary<string, string[]>
    {
        ["action_ref_key"] = [],
        ["api_token_token_hash_key"] = [],
        ["artifact_scope_owner_ref_key"] = [],
        ["certificate_authority_fingerprint_key"] = [],
        ["enforcement_rule_event_key"] = [],
        ["execution_attempt_execution_attempt_key"] = [],
        ["execution_log_execution_attempt_sequence_key"] = [],
        ["execution_queue_execution_key"] = [],
        ["idx_event_idempotency_key"] = [],
        ["idx_execution_enforcement_top"] = [],
        ["idx_identity_login"] = ["login = 'ADA'"],
        ["idx_key_system_name"] = ["ref = 'other'", "owner_type = 'system'", "owner_pack = null"],
        ["idx_notification_position"] = [],
        ["idx_pack_environment_no_worker"] = ["worker = null"],
        ["idx_trigger_webhook_key"] = ["ref = 'edge.other'"],
        ["idx_worker_certificate_fingerprint"] = ["name = 'other'"],
        ["join_token_token_hash_key"] = [],
        ["key_owner_type_owner_name_key"] = ["ref = 'other'"],
        ["key_ref_key"] = ["name = 'other'"],
        ["login_failure_login_key"] = [],
        ["pack_environment_pack_runtime_worker_key"] = [],
        ["pack_ref_key"] = [],
        ["pack_release_digest_key"] = [],
        ["permission_assignment_identity_permset_key"] = [],
        ["permission_set_ref_key"] = [],
        ["policy_ref_key"] = [],
        ["refresh_token_token_hash_key"] = [],
        ["request_identity_rpc_request_id_key"] = [],
        ["rule_ref_key"] = [],
        ["runtime_ref_key"] = [],
        ["sensor_assignment_sensor_key"] = [],
        ["sensor_ref_key"] = [],
        ["signing_key_key_id_key"] = [],
        ["timer_rule_key"] = [],
        ["trigger_ref_key"] = ["webhook_key = 'wh_other'"],
        ["worker_name_key"] = ["certificate_fingerprint = 'other'"],
        ["workflow_definition_ref_key"] = [],
        ["workflow_execution_execution_key"] = [],
    };

    /// <summary>A unique key that the sample row itself is not under: what puts it there first (SQL `set` clauses).</summary>
    public static IReadOnlyDictionary<string, string> BeforeUniqueKey { get; } = new Dictionary<string, string>
    {
        ["idx_key_system_name"] = "owner_type = 'system', owner_pack = null",
        ["idx_pack_environment_no_worker"] = "worker = null",
    };

    /// <summary>Foreign key, to what else must change for the row to get as far as it (SQL `set` clauses).</summary>
    public static IReadOnlyDictionary<string, string> BesideForeignKey { get; } = new Dictionary<string, string>
    {
        ["key_owner_action_fkey"] = "owner_type = 'action', owner_pack = null",
        ["key_owner_identity_fkey"] = "owner_type = 'identity', owner_pack = null",
        ["key_owner_sensor_fkey"] = "owner_type = 'sensor', owner_pack = null",
    };
}
