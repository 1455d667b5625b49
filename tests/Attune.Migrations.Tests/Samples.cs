namespace Attune.Migrations.Tests;

/// <summary>
/// One row for every table, in an order in which they can be inserted: a pack with everything in it and a history of all
/// that can happen. Every sample has the same id. A new table needs a row here.
/// </summary>
static class Samples
{
    public static IReadOnlyList<Sample> All { get; } =
    [
        Sample.Of("identity", """
            login = 'Ada'
            display_name = 'Ada Lovelace'
            password_hash = 'hash'
            attributes = '{"team": "ops"}'
            """),
        Sample.Of("pack", """
            ref = 'edge'
            label = 'Edge fleet'
            description = 'Keep the edge nodes healthy'
            version = '1.4.0-rc.1+build.5'
            conf_schema = '{"region": {"type": "string"}}'
            config = '{"region": "eu"}'
            meta = '{"documentation_url": "https://docs.example.com/edge"}'
            tags = '{network,tls}'
            runtime_deps = '{core.python}'
            installers = '[]'
            source_type = 'git'
            source_url = 'https://git.example.com/edge.git'
            source_ref = 'main'
            checksum = repeat('ab', 32)
            checksum_verified = true
            installed_at = now()
            installed_by = 1000
            installation_method = 'cli'
            storage_path = 'edge/1.4.0'
            release_digest = repeat('ab', 32)
            """),
        Sample.Of("permission_set", """
            ref = 'edge.approvers'
            pack = 1000
            pack_ref = 'edge'
            label = 'May approve'
            grants = '[{"resource": "inquiries", "actions": ["respond"]}]'
            """),
        Sample.Of("permission_assignment", """
            identity = 1000
            permset = 1000
            """),
        Sample.Of("runtime", """
            ref = 'edge.python'
            pack = 1000
            pack_ref = 'edge'
            name = 'Python'
            distributions = '{"verification": {"commands": [{"binary": "python3"}]}}'
            installation = '{}'
            execution_config = '{"environment": {"type": "virtualenv"}}'
            aliases = '{python,python3}'
            """),
        Sample.Of("workflow_definition", """
            ref = 'edge.rotate_cert'
            pack = 1000
            pack_ref = 'edge'
            label = 'Rotate a certificate'
            version = '1.0.0'
            param_schema = '{}'
            out_schema = '{}'
            definition = '{"tasks": {}}'
            tags = '{tls}'
            release_digest = repeat('ab', 32)
            """),
        Sample.Of("action", """
            ref = 'edge.rotate_cert'
            pack = 1000
            pack_ref = 'edge'
            label = 'Rotate a certificate'
            entrypoint = 'rotate.py'
            runtime = 1000
            param_schema = '{}'
            out_schema = '{}'
            is_workflow = true
            workflow_def = 1000
            release_digest = repeat('ab', 32)
            runtime_ref = 'edge.python'
            runtime_version = '>=3.9'
            timeout_seconds = 30
            retry = '{"max_attempts": 3}'
            worker_labels = '{"zone": "edge"}'
            permission_sets = '{edge.approvers}'
            tags = '{tls}'
            workflow_file = 'workflows/rotate_cert.workflow.yaml'
            """),
        Sample.Of("policy", """
            ref = 'edge.rotate_slowly'
            pack = 1000
            pack_ref = 'edge'
            action = 1000
            action_ref = 'edge.rotate_cert'
            parameters = '{region}'
            method = 'enqueue'
            threshold = 2
            name = 'Two at once'
            rate_limit = 10
            rate_window_seconds = 3600
            rate_method = 'cancel'
            """),
        Sample.Of("trigger", """
            ref = 'edge.cert_expiring'
            pack = 1000
            pack_ref = 'edge'
            label = 'A certificate ends soon'
            param_schema = '{}'
            out_schema = '{}'
            webhook_enabled = true
            webhook_key = 'wh_0123456789abcdef0123456789abcdef'
            webhook_config = '{"payload_size_limit_kb": 64}'
            """),
        Sample.Of("sensor", """
            ref = 'edge.cert_watch'
            pack = 1000
            pack_ref = 'edge'
            label = 'Certificate watcher'
            entrypoint = 'cert_watch.py'
            runtime = 1000
            runtime_ref = 'edge.python'
            trigger = 1000
            trigger_ref = 'edge.cert_expiring'
            param_schema = '{}'
            config = '{"interval_seconds": 900}'
            triggers = '{edge.cert_expiring}'
            """),
        Sample.Of("rule", """
            ref = 'edge.rotate_expiring'
            pack = 1000
            pack_ref = 'edge'
            label = 'Rotate what ends'
            action = 1000
            action_ref = 'edge.rotate_cert'
            trigger = 1000
            trigger_ref = 'edge.cert_expiring'
            conditions = '[]'
            """),
        Sample.Of("event", """
            trigger = 1000
            trigger_ref = 'edge.cert_expiring'
            config = '{}'
            payload = '{"host": "www.example.com"}'
            source = 1000
            source_ref = 'edge.cert_watch'
            rule = 1000
            rule_ref = 'edge.rotate_expiring'
            origin = 'replay'
            idempotency_key = 'delivery-1'
            replay_of = 1000
            unmatched = '[{"rule_ref": "edge.other", "why": "days_left less_than 7: it is 8"}]'
            unmatched_count = 1
            """),
        Sample.Of("enforcement", """
            rule = 1000
            rule_ref = 'edge.rotate_expiring'
            trigger_ref = 'edge.cert_expiring'
            config = '{}'
            event = 1000
            payload = '{"host": "www.example.com"}'
            action_ref = 'edge.rotate_cert'
            error = '{"reason": "PARAMETERS_INVALID", "message": "domain: is required"}'
            """),
        Sample.Of("execution", """
            action = 1000
            action_ref = 'edge.rotate_cert'
            config = '{"domain": "www.example.com"}'
            enforcement = 1000
            executor = 1000
            is_workflow = true
            workflow_def = 1000
            workflow_task = '{"workflow_execution": 1000, "task_name": "issue", "run": 1, "task_index": 0, "task_batch": 0, "retry_count": 0, "max_retries": 2}'
            started_at = '2025-06-01T12:00:00Z'
            result = '{}'
            error = '{}'
            retry = '{}'
            worker_name = 'edge-1'
            release_digest = repeat('ab', 32)
            """),
        Sample.Of("inquiry", """
            execution = 1000
            prompt = 'Install it?'
            response_schema = '{}'
            assigned_to = 1000
            status = 'responded'
            response = '{"approved": true}'
            timeout_at = now()
            responded_at = now()
            assignee_logins = '{ada}'
            reminder_ms = 60000
            notice_at = now()
            notice_count = 2
            reminded_at = now()
            """),
        Sample.Of("inquiry_answer", """
            inquiry = 1000
            identity = 1000
            login = 'ada'
            response = '{"approved": true}'
            counted = true
            """),
        Sample.Of("workflow_execution", """
            execution = 1000
            workflow_def = 1000
            current_tasks = '{issue}'
            completed_tasks = '{}'
            variables = '{"serial": null}'
            task_graph = '{"tasks": {}}'
            """),
        Sample.Of("worker", """
            name = 'edge-1'
            worker_type = 'remote'
            runtime = 1000
            host = 'edge-1.example.com'
            port = 65535
            capabilities = '{"gpu": false}'
            labels = '{"zone": "edge"}'
            certificate_fingerprint = 'ab'
            """),
        Sample.Of("notification", """
            channel = 'feed'
            entity_type = 'execution'
            entity = '1000'
            activity = 'created'
            content = '{"ids": [1000], "refs": ["edge.rotate_cert"], "status": "requested"}'
            position = 1000
            """),
        Sample.Of("key", """
            ref = 'edge.api_token'
            owner_type = 'pack'
            owner_pack = 1000
            owner_pack_ref = 'edge'
            name = 'api_token'
            encrypted = true
            encryption_key_hash = 'hash'
            value = 'box'
            """),
        Sample.Of("artifact", """
            ref = 'edge.report'
            scope = 'pack'
            owner = 'edge'
            type = 'file_text'
            """),
        Sample.Of("queue_stats", """
            action_id = 1000
            """),
        Sample.Of("pack_environment", """
            pack = 1000
            pack_ref = 'edge'
            runtime = 1000
            runtime_ref = 'edge.python'
            worker = 1000
            env_path = 'edge/edge.python'
            worker_name = 'edge-1'
            """),
        Sample.Of("pack_test_execution", """
            pack = 1000
            pack_version = '1.4.0'
            trigger_reason = 'install'
            total_tests = 4
            passed = 2
            failed = 1
            skipped = 1
            pass_rate = 0.5
            duration_ms = 1200
            result = '{}'
            """),
        Sample.Of("execution_queue", """
            execution = 1000
            worker = 1000
            placement = '{}'
            """),
        Sample.Of("execution_attempt", """
            execution = 1000
            attempt = 1
            status = 'failed'
            error = '{"reason": "EXIT_CODE"}'
            """),
        Sample.Of("execution_log", """
            execution = 1000
            attempt = 1
            sequence = 1
            stream = 1
            content = 'issued'
            logged_at = now()
            """),
        Sample.Of("pack_release", """
            pack = 1000
            pack_ref = 'edge'
            version = '1.4.0'
            digest = repeat('ab', 32)
            size_bytes = 3
            archive = 'zip'
            """),
        Sample.Of("join_token", """
            token_hash = sha256('join')
            role = 'action'
            expires_at = now()
            created_by = 1000
            created_by_login = 'Ada'
            """),
        Sample.Of("api_token", """
            identity = 1000
            name = 'ci'
            token_hash = sha256('api')
            """),
        Sample.Of("refresh_token", """
            identity = 1000
            family = gen_random_uuid()
            token_hash = sha256('refresh')
            expires_at = now()
            """),
        Sample.Of("signing_key", """
            key_id = 'k1'
            algorithm = 'ES256'
            secret = 'box'
            """),
        Sample.Of("certificate_authority", """
            certificate_pem = 'pem'
            private_key = 'box'
            fingerprint = 'ab'
            """),
        Sample.Of("login_failure", """
            login = 'ada'
            """),
        Sample.Of("request", """
            identity = 1000
            rpc = '/attune.v1.ExecutionService/StartExecution'
            request_id = 'r-1'
            answer = 'ok'
            """),
        Sample.Of("timer", """
            rule = 1000
            rule_ref = 'edge.rotate_expiring'
            trigger_ref = 'core.crontimer'
            trigger_params = '{"expression": "0 5 * * *"}'
            enabled = true
            anchor_at = now()
            next_fire_at = now()
            """),
        Sample.Of("timer_miss", """
            rule = 1000
            rule_ref = 'edge.rotate_expiring'
            first_scheduled_at = now() - interval '1 day'
            last_scheduled_at = now()
            count = 2
            fired_late = 1
            policy = 'latest'
            """),
        Sample.Of("sensor_assignment", """
            sensor = 1000
            worker = 1000
            generation = 1
            fingerprint = 'abc'
            emitters = '{1000}'
            """),
        Sample.Of("sensor_log", """
            sensor = 1000
            worker_name = 'edge-1'
            logged_at = now()
            text = 'looking at /srv/in'
            """),
        Sample.Of("workflow_happening", """
            workflow_execution = 1000
            kind = 'ended'
            execution = 1000
            """),
        Sample.Of("workflow_value", """
            workflow_execution = 1000
            kind = 'items'
            run = 1
            item = -1
            value = '["www.example.com"]'
            """),
        Sample.Of("workflow_edit", """
            workflow_execution = 1000
            identity = 1000
            login = 'Ada'
            kind = 'edit_input'
            tasks = '{issue}'
            reason = 'wrong domain'
            value = '{}'
            """),
    ];

    public static Sample Of(string table)
        => All.FirstOrDefault(sample => sample.Table == table) ?? throw new KeyNotFoundException($"Table {table} has no sample row.");
}
