using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Engine.Placement;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Workers;

static class WorkerMapping
{
    static readonly JsonParser Lenient = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static Wire.Worker ToWire(this WorkerRow row)
    {
        var worker = new Wire.Worker
        {
            Id = row.Id,
            Name = row.Name,
            Role = RoleOf(row.WorkerRole),
            Type = row.WorkerType switch
            {
                "local" => Wire.WorkerType.Local,
                "container" => Wire.WorkerType.Container,
                _ => Wire.WorkerType.Remote,
            },
            Status = row.Status switch
            {
                "active" when row.SlotsInUse >= row.Slots => Wire.WorkerStatus.Busy,
                "active" => Wire.WorkerStatus.Active,
                "busy" => Wire.WorkerStatus.Busy,
                "error" => Wire.WorkerStatus.Error,
                _ => Wire.WorkerStatus.Inactive,
            },
            Slots = row.Slots,
            SlotsInUse = row.SlotsInUse,
            Connected = row.Connected,
            Cordoned = row.Cordoned,
            Draining = row.Draining,
            AgentVersion = row.AgentVersion ?? "",
            Resources = Lenient.Parse<Wire.WorkerResources>(row.Resources),
            LastHeartbeat = row.LastHeartbeat?.ToTimestamp(),
            LeaseExpiresAt = row.LeaseExpiresAt?.ToTimestamp(),
            CertificateExpiresAt = row.CertificateExpiresAt?.ToTimestamp(),
            Created = row.Created.ToTimestamp(),
            Updated = row.Updated.ToTimestamp(),
        };
        foreach (var (name, value) in ReadLabels(row.Labels))
            worker.Labels[name] = value;
        worker.Runtimes.Add(ReadRuntimes(row.Runtimes));
        return worker;
    }

    public static Candidate ToCandidate(this WorkerRow row) => new()
    {
        Name = row.Name,
        RunsActions = row.WorkerRole is not "sensor",
        Runtimes = ReadRuntimes(row.Runtimes).ToDictionary(runtime => runtime.RuntimeRef, runtime => runtime.Version),
        Labels = ReadLabels(row.Labels),
        Slots = row.Slots,
        SlotsInUse = row.SlotsInUse,
        Connected = row.Connected,
        Cordoned = row.Cordoned,
        Draining = row.Draining,
    };

    public static Candidate ToFacts(this Wire.Hello hello, IReadOnlyDictionary<string, string> labels) => new()
    {
        Name = hello.Name,
        RunsActions = hello.Role is not Wire.WorkerRole.Sensor,
        Runtimes = ToMap(hello.Runtimes),
        Labels = labels,
        Slots = hello.Slots,
        SlotsInUse = 0,
        Connected = true,
        Cordoned = false,
        Draining = false,
    };

    public static IReadOnlyDictionary<string, string> ToMap(IEnumerable<Wire.FoundRuntime> runtimes)
    {
        var map = new Dictionary<string, string>();
        foreach (var runtime in runtimes)
            map[runtime.RuntimeRef] = runtime.Version;
        return map;
    }

    public static string RuntimesJson(IEnumerable<Wire.FoundRuntime> runtimes)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var runtime in runtimes)
            {
                writer.WriteStartObject();
                writer.WriteString("ref", runtime.RuntimeRef);
                writer.WriteString("version", runtime.Version);
                writer.WriteString("path", runtime.Path);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static IReadOnlyList<Wire.FoundRuntime> ReadRuntimes(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(runtime => new Wire.FoundRuntime
        {
            RuntimeRef = runtime.GetProperty("ref").GetString(),
            Version = runtime.GetProperty("version").GetString(),
            Path = runtime.GetProperty("path").GetString(),
        })];
    }

    public static IReadOnlyDictionary<string, string> ReadLabels(string json)
        => JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    public static string RoleText(Wire.WorkerRole role) => role switch
    {
        Wire.WorkerRole.Sensor => "sensor",
        Wire.WorkerRole.Hybrid => "hybrid",
        _ => "action",
    };

    public static Wire.WorkerRole RoleOf(string text) => text switch
    {
        "sensor" => Wire.WorkerRole.Sensor,
        "hybrid" => Wire.WorkerRole.Hybrid,
        _ => Wire.WorkerRole.Action,
    };

    public static string TypeText(Wire.WorkerType type) => type switch
    {
        Wire.WorkerType.Local => "local",
        Wire.WorkerType.Container => "container",
        _ => "remote",
    };

    public static string StatusText(Wire.WorkerStatus status) => status switch
    {
        Wire.WorkerStatus.Active => "active",
        Wire.WorkerStatus.Busy => "busy",
        Wire.WorkerStatus.Error => "error",
        _ => "inactive",
    };

    public static string EnvironmentText(Wire.EnvironmentStatus status) => status switch
    {
        Wire.EnvironmentStatus.Installing => "installing",
        Wire.EnvironmentStatus.Ready => "ready",
        Wire.EnvironmentStatus.Failed => "failed",
        Wire.EnvironmentStatus.Outdated => "outdated",
        _ => "pending",
    };
}
