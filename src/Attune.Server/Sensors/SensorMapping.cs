using System.Globalization;
using System.Text;
using System.Text.Json;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Sensors;

static class SensorMapping
{
    const string Mask = "***";

    public static Sensor ToWire(this SensorRow row, IReadOnlyList<SensorAgentRow> agents)
    {
        var (state, why) = SensorStanding.Of(row, agents);
        return new()
        {
            Id = row.Id,
            Ref = row.Ref,
            PackRef = row.PackRef,
            Label = row.Label,
            Description = row.Description,
            Enabled = row.Enabled,
            IsAdhoc = row.IsAdhoc,
            RuntimeRef = row.RuntimeRef,
            EntryPoint = row.Entrypoint,
            TriggerRefs = { row.Triggers },
            Parameters = JsonStruct.ToStruct(row.ParamSchema ?? "{}"),
            Config = JsonStruct.ToStruct(ConfigForPeople(row)),
            Tags = { row.Tags },
            Created = row.Created.ToTimestamp(),
            Updated = row.Updated.ToTimestamp(),
            State = state,
            Why = why,
            WorkerName = row.WorkerName ?? "",
            StartedAt = row.StartedAt?.ToTimestamp(),
            FailuresInRow = row.FailuresInRow,
            LastError = row.LastError ?? "",
            EventCount = row.EventCount,
            LastEventAt = row.LastEventAt?.ToTimestamp(),
            RejectedCount = row.RejectedCount,
            RuleRefs = { row.RuleRefs },
        };
    }

    public static StreamSensorLogsResponse ToWire(this SensorLogPage page) => new()
    {
        Cursor = page.Cursor.ToString(CultureInfo.InvariantCulture),
        Lines =
        {
            page.Lines.Select(line => new SensorLogLine { Time = line.LoggedAt.ToTimestamp(), WorkerName = line.WorkerName, Text = line.Text }),
        },
    };

    public static string ToText(this SensorProcessState state) => state switch
    {
        SensorProcessState.Running => "running",
        SensorProcessState.BackingOff => "backing_off",
        SensorProcessState.Stopped => "stopped",
        _ => "starting",
    };

    static string ConfigForPeople(SensorRow row)
    {
        var config = ParameterSecrets.Conceal(row.Config) ?? "{}";
        var masked = new SchemaReadings().Of(row.ParamSchema)
            .ReplaceSecrets(Encoding.UTF8.GetBytes(config), (Utf8JsonWriter writer, JsonElement _) => writer.WriteStringValue(Mask));
        return Encoding.UTF8.GetString(masked.Span);
    }
}
