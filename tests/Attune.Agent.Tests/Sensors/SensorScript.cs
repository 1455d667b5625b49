using System.Text;
using System.Text.Json;
using Attune.Agent.Tests.Session;
using Attune.Packs.Archives;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Tests.Sensors;

/// <summary>Sensors that are shell scripts, and what an agent says of them on a stream.</summary>
static class SensorScript
{
    /// <summary>Emits what it is told: each line of stdin as an event.</summary>
    public const string Echo = """
        while IFS= read -r line; do printf '{"trigger":"test.said","payload":%s}\n' "$line"; done
        """;

    public static SensorAssignment Publish(FakeControlPlane plane, string script, string sensorRef = "test.sensor")
    {
        var source = Directory.CreateTempSubdirectory("attune-pack-").FullName;
        File.WriteAllText(Path.Combine(source, "sense.sh"), script);
        var archive = PackArchive.Write(PackFiles.FromDirectory(source, []));
        Directory.Delete(source, recursive: true);
        var digest = PackArchive.DigestOf(archive);
        plane.Releases[digest] = archive;
        return new()
        {
            SensorRef = sensorRef,
            Generation = 1,
            PackRef = "test",
            PackVersion = "1.0.0",
            ReleaseDigest = digest,
            EntryPoint = "sense.sh",
            RuntimeRef = "core.shell",
            Runtime = new() { InterpreterBinary = "bash", EnvVars = { new RuntimeEnvVar { Name = "FROM_RUNTIME", Value = "{pack_dir}/lib" } } },
            Config = ByteString.CopyFromUtf8("{}"),
            TriggerRefs = { "test.said" },
        };
    }

    public static SensorRule Rule(string ruleRef, string parameters = "{}")
        => new() { RuleRef = ruleRef, TriggerRef = "test.said", TriggerParams = ByteString.CopyFromUtf8(parameters) };

    public static SensorAssignment With(this SensorAssignment sensor, Action<SensorAssignment> change)
    {
        var changed = sensor.Clone();
        change(changed);
        return changed;
    }

    public static Task AssignAsync(this AgentStream stream, params IEnumerable<SensorAssignment> sensors)
        => stream.SendAsync(new() { Sensors = new() { Sensors = { sensors } } });

    public static Task AckEventsAsync(this AgentStream stream, long through, params IEnumerable<SensorEventRefusal> refusals)
        => stream.SendAsync(new() { SensorEventAck = new() { ThroughSequence = through, Refusals = { refusals } } });

    public static IReadOnlyList<SensorEvent> Events(this AgentStream stream) => [.. stream.Read.SelectMany(each => each.SensorEvents)];

    public static string Log(this AgentStream stream)
        => string.Join('\n', stream.Read.SelectMany(each => each.SensorLogs).SelectMany(each => each.Lines).Select(line => line.Text));

    /// <summary>All events so far, once there are so many.</summary>
    public static async Task<IReadOnlyList<SensorEvent>> EventsAsync(this AgentStream stream, int count)
    {
        while (stream.Events() is var events)
        {
            if (events.Count >= count)
                return events;
            await stream.UntilAsync(message => message.SensorEvents.Count > 0);
        }

        throw new InvalidOperationException();
    }

    public static async Task<string> LogAsync(this AgentStream stream, string part)
    {
        while (!stream.Log().Contains(part, StringComparison.Ordinal))
            await stream.UntilAsync(message => message.SensorLogs.Count > 0);
        return stream.Log();
    }

    public static async Task<string> FirstLogLineAsync(this AgentStream stream)
    {
        while (stream.Log().Length == 0)
            await stream.UntilAsync(message => message.SensorLogs.Count > 0);
        return stream.Log().Split('\n')[0];
    }

    /// <summary>The first report like it that has not been waited for on this stream.</summary>
    public static async Task<SensorReport> ReportAsync(this AgentStream stream, SensorProcessState state, int? failures = null)
    {
        bool Fits(SensorReport report) => report.State == state && (failures is null || report.FailuresInRow == failures);
        return (await stream.UntilAsync(message => message.SensorReports.Any(Fits))).SensorReports.First(Fits);
    }

    public static JsonElement Json(this SensorEvent each) => JsonDocument.Parse(each.Payload.ToByteArray()).RootElement;

    public static string Text(this SensorEvent each) => Encoding.UTF8.GetString(each.Payload.Span);

    public static bool Lives(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
