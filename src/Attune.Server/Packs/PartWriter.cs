using System.Text.Json;
using Attune.Packs;
using Attune.Packs.Files;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>
/// Writes all parts of a pack, inside a transaction of the caller's: one statement per kind, whatever their number. Upserts are by ref, so
/// ids stay. Each statement takes its rows as one JSON document. Whether a trigger, a rule or a sensor is enabled stays as an operator set
/// it, unless the new release says otherwise than the one before.
/// </summary>
static class PartWriter
{
    /// <param name="connection">In a transaction.</param>
    /// <param name="pack">Its id.</param>
    /// <param name="before">The release that is replaced; null where there is none, or it cannot be read.</param>
    /// <param name="content">The release that is installed.</param>
    /// <param name="digest">Of that release.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task UpsertAsync(
        NpgsqlConnection connection, long pack, PackContent? before, PackContent content, string digest, CancellationToken ct)
    {
        var wasEnabled = EnabledIn(before);
        await RunAsync(UpsertPermissionSets, content.PermissionSets.Select(set => new
        {
            @ref = set.Ref,
            label = set.Label,
            description = set.Description,
            grants = Raw(set.Grants),
        }));
        await RunAsync(UpsertRuntimes, content.Runtimes.Select(runtime => new
        {
            @ref = runtime.Ref,
            name = runtime.Name,
            description = runtime.Description,
            aliases = runtime.Aliases,
            distributions = Raw(runtime.Distributions),
            execution_config = Raw(runtime.ExecutionConfig),
        }));
        await RunAsync(UpsertTriggers, content.Triggers.Select(trigger => new
        {
            @ref = trigger.Ref,
            label = trigger.Label,
            description = trigger.Description,
            enabled = trigger.Enabled,
            was_enabled = WasEnabled(trigger.Ref),
            param_schema = Raw(trigger.Parameters.Json),
            out_schema = Raw(trigger.Output.Json),
            tags = trigger.Tags,
        }));
        await RunAsync(UpsertWorkflows, content.Actions.Where(action => action.IsWorkflow).Select(action => new
        {
            @ref = action.Ref,
            label = action.Label,
            description = action.Description,
            version = action.Graph!.Workflow!.Version,
            param_schema = Raw(action.Parameters.Json),
            out_schema = Raw(action.Output.Json),
            definition = Raw(action.Graph.Json!),
            tags = action.Tags,
            enabled = action.Enabled,
        }));
        await RunAsync(UpsertActions, content.Actions.Select(RowOf));
        await RunAsync(UpsertPolicies, content.Policies.Select(policy => new
        {
            @ref = policy.Ref,
            name = policy.Name,
            description = policy.Description,
            scope_pack = policy.Pack,
            action_ref = policy.Action,
            parameters = policy.Parameters,
            method = policy.ConcurrencyMethod,
            threshold = policy.ConcurrencyLimit,
            rate_limit = policy.RateLimit,
            rate_window_seconds = policy.RateWindowSeconds,
            rate_method = policy.RateMethod,
            enabled = policy.Enabled,
            priority = policy.Priority,
            tags = policy.Tags,
        }));
        await RunAsync(UpsertRules, content.Rules.Select(rule => new
        {
            @ref = rule.Ref,
            label = rule.Label,
            description = rule.Description,
            action_ref = rule.Action,
            trigger_ref = rule.Trigger,
            conditions = Raw(rule.Conditions),
            action_params = Raw(rule.ActionParams),
            trigger_params = Raw(rule.TriggerParams),
            enabled = rule.Enabled,
            was_enabled = WasEnabled(rule.Ref),
            tags = rule.Tags,
        }));
        await RunAsync(UpsertSensors, content.Sensors.Select(sensor => new
        {
            @ref = sensor.Ref,
            label = sensor.Label,
            description = sensor.Description,
            entrypoint = sensor.EntryPoint,
            runtime_ref = sensor.Runtime,
            triggers = sensor.Triggers,
            enabled = sensor.Enabled,
            was_enabled = WasEnabled(sensor.Ref),
            param_schema = Raw(sensor.Parameters.Json),
            config = Raw(sensor.Config),
            tags = sensor.Tags,
        }));

        bool? WasEnabled(string reference) => wasEnabled.TryGetValue(reference, out var was) ? was : null;

        Task<int> RunAsync<T>(string sql, IEnumerable<T> rows) => connection.ExecuteAsync(new CommandDefinition(
            sql, new { pack, packRef = content.Manifest.Ref, digest, rows = JsonSerializer.Serialize(rows) }, cancellationToken: ct));
    }

    // Refs of different kinds may be equal, and then none of them is certain.
    static Dictionary<string, bool> EnabledIn(PackContent? release) => release is null
        ? []
        : release.Triggers.Select(part => (part.Ref, part.Enabled))
            .Concat(release.Rules.Select(part => (part.Ref, part.Enabled)))
            .Concat(release.Sensors.Select(part => (part.Ref, part.Enabled)))
            .GroupBy(part => part.Ref)
            .Where(same => same.Select(part => part.Enabled).Distinct().Count() == 1)
            .ToDictionary(same => same.Key, same => same.First().Enabled);

    static object RowOf(ActionFile action) => new
    {
        @ref = action.Ref,
        label = action.Label,
        description = action.Description,
        enabled = action.Enabled,
        entrypoint = action.EntryPoint ?? "",
        runtime_ref = action.Runtime,
        runtime_version = action.RuntimeVersion,
        param_schema = Raw(action.Parameters.Json),
        out_schema = Raw(action.Output.Json),
        is_workflow = action.IsWorkflow,
        workflow_file = action.WorkflowFile,
        parameter_delivery = action.ParameterDelivery,
        parameter_format = action.ParameterFormat,
        output_format = action.OutputFormat,
        timeout_seconds = action.TimeoutSeconds,
        retry = action.Retry is not { } retry ? null : new
        {
            max_attempts = retry.MaxAttempts,
            delay_seconds = retry.DelaySeconds,
            backoff = retry.Backoff,
            max_delay_seconds = retry.MaxDelaySeconds,
            on = retry.On,
        },
        delivery = action.Delivery,
        worker_labels = action.WorkerLabels,
        permission_sets = action.PermissionSets,
        tags = action.Tags,
    };

    static JsonElement Raw(string json) => JsonElement.Parse(json);

    const string UpsertPermissionSets = """
        insert into permission_set (ref, pack, pack_ref, label, description, grants)
        select ref, @pack, @packRef, label, description, grants
        from jsonb_to_recordset(@rows::jsonb) as part (ref text, label text, description text, grants jsonb)
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            grants = excluded.grants
        """;

    const string UpsertRuntimes = """
        insert into runtime (ref, pack, pack_ref, name, description, aliases, distributions, execution_config)
        select ref, @pack, @packRef, name, description, aliases, distributions, execution_config
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, name text, description text, aliases text[], distributions jsonb, execution_config jsonb)
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, name = excluded.name, description = excluded.description,
            aliases = excluded.aliases, distributions = excluded.distributions, execution_config = excluded.execution_config
        """;

    const string UpsertTriggers = """
        insert into trigger (ref, pack, pack_ref, label, description, enabled, param_schema, out_schema, tags)
        select part.ref, @pack, @packRef, part.label, part.description,
            case when old.id is null or part.was_enabled is distinct from part.enabled then part.enabled else old.enabled end,
            part.param_schema, part.out_schema, part.tags
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, label text, description text, enabled boolean, was_enabled boolean, param_schema jsonb, out_schema jsonb, tags text[])
        left join trigger old on old.ref = part.ref
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            enabled = excluded.enabled, param_schema = excluded.param_schema, out_schema = excluded.out_schema, tags = excluded.tags
        """;

    const string UpsertWorkflows = """
        insert into workflow_definition (
            ref, pack, pack_ref, label, description, version, param_schema, out_schema, definition, tags, enabled, release_digest)
        select ref, @pack, @packRef, label, description, version, param_schema, out_schema, definition, tags, enabled, @digest
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, label text, description text, version text, param_schema jsonb, out_schema jsonb, definition jsonb, tags text[],
            enabled boolean)
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            version = excluded.version, param_schema = excluded.param_schema, out_schema = excluded.out_schema,
            definition = excluded.definition, tags = excluded.tags, enabled = excluded.enabled, release_digest = excluded.release_digest
        """;

    const string UpsertActions = """
        insert into action (
            ref, pack, pack_ref, label, description, enabled, entrypoint, runtime, runtime_ref, runtime_version, param_schema, out_schema,
            is_workflow, workflow_def, workflow_file, parameter_delivery, parameter_format, output_format, timeout_seconds, retry, delivery,
            worker_labels, permission_sets, tags, release_digest)
        select part.ref, @pack, @packRef, part.label, part.description, part.enabled, entrypoint, r.id, runtime_ref, runtime_version,
            part.param_schema, part.out_schema, is_workflow, w.id, workflow_file, parameter_delivery, parameter_format, output_format,
            timeout_seconds, nullif(retry, 'null'), delivery, worker_labels, permission_sets, part.tags, @digest
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, label text, description text, enabled boolean, entrypoint text, runtime_ref text, runtime_version text,
            param_schema jsonb, out_schema jsonb, is_workflow boolean, workflow_file text, parameter_delivery text, parameter_format text,
            output_format text, timeout_seconds int, retry jsonb, delivery text, worker_labels jsonb, permission_sets text[], tags text[])
        left join runtime r on r.ref = part.runtime_ref
        left join workflow_definition w on w.ref = part.ref and part.is_workflow
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            enabled = excluded.enabled, entrypoint = excluded.entrypoint, runtime = excluded.runtime, runtime_ref = excluded.runtime_ref,
            runtime_version = excluded.runtime_version, param_schema = excluded.param_schema, out_schema = excluded.out_schema,
            is_workflow = excluded.is_workflow, workflow_def = excluded.workflow_def, workflow_file = excluded.workflow_file,
            parameter_delivery = excluded.parameter_delivery, parameter_format = excluded.parameter_format,
            output_format = excluded.output_format, timeout_seconds = excluded.timeout_seconds, retry = excluded.retry,
            delivery = excluded.delivery, worker_labels = excluded.worker_labels, permission_sets = excluded.permission_sets,
            tags = excluded.tags, release_digest = excluded.release_digest
        """;

    // The table's pack is the policy's scope; whose file it came from shows in the ref.
    const string UpsertPolicies = """
        insert into policy (
            ref, pack, pack_ref, action, action_ref, parameters, method, threshold, name, description, tags, enabled, priority, rate_limit,
            rate_window_seconds, rate_method)
        select part.ref, p.id, p.ref, a.id, part.action_ref, part.parameters, method::attune.policy_method_enum, threshold, name,
            part.description, part.tags, part.enabled, priority, rate_limit, rate_window_seconds, rate_method::attune.policy_method_enum
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, name text, description text, scope_pack text, action_ref text, parameters text[], method text, threshold int,
            rate_limit int, rate_window_seconds int, rate_method text, enabled boolean, priority int, tags text[])
        left join pack p on p.ref = part.scope_pack
        left join action a on a.ref = part.action_ref
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, action = excluded.action, action_ref = excluded.action_ref,
            parameters = excluded.parameters, method = excluded.method, threshold = excluded.threshold, name = excluded.name,
            description = excluded.description, tags = excluded.tags, enabled = excluded.enabled, priority = excluded.priority,
            rate_limit = excluded.rate_limit, rate_window_seconds = excluded.rate_window_seconds, rate_method = excluded.rate_method
        """;

    const string UpsertRules = """
        insert into rule (
            ref, pack, pack_ref, label, description, action, action_ref, trigger, trigger_ref, conditions, action_params, trigger_params,
            enabled, tags)
        select part.ref, @pack, @packRef, part.label, part.description, a.id, part.action_ref, t.id, part.trigger_ref, part.conditions,
            part.action_params, part.trigger_params,
            case when old.id is null or part.was_enabled is distinct from part.enabled then part.enabled else old.enabled end, part.tags
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, label text, description text, action_ref text, trigger_ref text, conditions jsonb, action_params jsonb,
            trigger_params jsonb, enabled boolean, was_enabled boolean, tags text[])
        left join rule old on old.ref = part.ref
        left join action a on a.ref = part.action_ref
        left join trigger t on t.ref = part.trigger_ref
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            action = excluded.action, action_ref = excluded.action_ref, trigger = excluded.trigger, trigger_ref = excluded.trigger_ref,
            conditions = excluded.conditions, action_params = excluded.action_params, trigger_params = excluded.trigger_params,
            enabled = excluded.enabled, tags = excluded.tags
        """;

    const string UpsertSensors = """
        insert into sensor (
            ref, pack, pack_ref, label, description, entrypoint, runtime, runtime_ref, trigger, trigger_ref, triggers, enabled,
            param_schema, config, tags, release_digest)
        select part.ref, @pack, @packRef, part.label, part.description, part.entrypoint, r.id, part.runtime_ref, t.id, part.triggers[1],
            part.triggers,
            case when old.id is null or part.was_enabled is distinct from part.enabled then part.enabled else old.enabled end,
            part.param_schema, part.config, part.tags, @digest
        from jsonb_to_recordset(@rows::jsonb) as part (
            ref text, label text, description text, entrypoint text, runtime_ref text, triggers text[], enabled boolean,
            was_enabled boolean, param_schema jsonb, config jsonb, tags text[])
        left join sensor old on old.ref = part.ref
        join runtime r on r.ref = part.runtime_ref
        join trigger t on t.ref = part.triggers[1]
        on conflict (ref) do update
        set pack = excluded.pack, pack_ref = excluded.pack_ref, label = excluded.label, description = excluded.description,
            entrypoint = excluded.entrypoint, runtime = excluded.runtime, runtime_ref = excluded.runtime_ref, trigger = excluded.trigger,
            trigger_ref = excluded.trigger_ref, triggers = excluded.triggers, enabled = excluded.enabled,
            param_schema = excluded.param_schema, config = excluded.config, tags = excluded.tags, release_digest = excluded.release_digest
        """;
}
