using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Server.Executions;
using Attune.Server.Runtimes;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Server.Sensors;

/// <summary>What an agent is told of one sensor: defaults applied, secrets opened and named.</summary>
sealed class DescribeSensor(ParameterSecrets secrets)
{
    public SensorAssignment Run(
        AssignedSensorRow sensor, IEnumerable<SensorRuleRow> rules, IReadOnlyDictionary<string, string?> triggerSchemas, SchemaReadings reading)
    {
        var schema = reading.Of(sensor.ParamSchema);
        var assignment = new SensorAssignment
        {
            SensorRef = sensor.Ref,
            Generation = sensor.Generation,
            PackRef = sensor.PackRef,
            PackVersion = sensor.PackVersion,
            ReleaseDigest = sensor.ReleaseDigest,
            EntryPoint = sensor.Entrypoint,
            RuntimeRef = sensor.RuntimeRef,
            Runtime = RuntimeJson.ToSpec(sensor.ExecutionConfig),
            Config = Complete(schema, sensor.Config),
            SecretConfig = { schema.SecretPaths.Union(ParameterSecrets.SealedPaths(sensor.Config)) },
            TriggerRefs = { sensor.Triggers },
        };
        foreach (var rule in rules)
        {
            assignment.Rules.Add(new SensorRule
            {
                RuleRef = rule.Ref,
                TriggerRef = rule.TriggerRef,
                TriggerParams = Complete(reading.Of(triggerSchemas.GetValueOrDefault(rule.TriggerRef)), rule.TriggerParams),
            });
        }

        return assignment;
    }

    // What does not fit its schema any more was refused or reported where it was written; the sensor gets it as it is.
    ByteString Complete(Schema schema, string? stored)
    {
        var given = secrets.Reveal(stored);
        var outcome = schema.Validate(given);
        return UnsafeByteOperations.UnsafeWrap(outcome.IsValid ? outcome.Value : given);
    }
}

/// <summary>Schemas read during one pass: thousands of rules share the few of their triggers.</summary>
sealed class SchemaReadings
{
    readonly Dictionary<string, Schema> known = [];

    /// <summary>The empty schema for null and for one that cannot be read.</summary>
    public Schema Of(string? json)
    {
        if (json is null or "{}")
            return Schema.Empty;
        if (known.TryGetValue(json, out var schema))
            return schema;

        using var document = JsonDocument.Parse(json);
        return known[json] = Schema.Parse(document.RootElement).Schema ?? Schema.Empty;
    }
}
