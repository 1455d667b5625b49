using System.Reflection;
using System.Runtime.InteropServices;
using Attune.Agent.Configuration;
using Attune.V1;

namespace Attune.Agent.Session;

/// <summary>What the agent says of itself: fixed facts, and the runtimes and environments of its host as far as known.</summary>
sealed class AgentFacts(AgentSettings settings, IReadOnlyDictionary<string, string> joinedLabels)
{
    public const int ProtocolVersion = 1;

    readonly Lock gate = new();
    readonly Dictionary<(string Pack, string Runtime, string Release), EnvironmentReport> environments = [];
    IReadOnlyList<FoundRuntime> runtimes = [];

    public static string AgentVersion { get; }
        = typeof(AgentFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public AgentSettings Settings => settings;

    public IReadOnlyList<FoundRuntime> Runtimes
    {
        get
        {
            lock (gate)
                return runtimes;
        }

        set
        {
            lock (gate)
                runtimes = value;
        }
    }

    /// <summary>The newest of each; sent again on every stream, because their receipt is not acknowledged.</summary>
    public IReadOnlyList<EnvironmentReport> Environments
    {
        get
        {
            lock (gate)
                return [.. environments.Values];
        }
    }

    public void Keep(EnvironmentReport report)
    {
        lock (gate)
            environments[(report.PackRef, report.RuntimeRef, report.ReleaseDigest)] = report;
    }

    public Hello Hello(string spoolId, IReadOnlyList<HeldExecution> held, bool draining)
    {
        var hello = new Hello
        {
            ProtocolVersion = ProtocolVersion,
            AgentVersion = AgentVersion,
            Name = settings.Name,
            Role = settings.Role,
            Type = settings.Type,
            Slots = settings.Slots,
            SpoolId = spoolId,
            Draining = draining,
            Resources = new()
            {
                Hostname = Environment.MachineName,
                Os = RuntimeInformation.OSDescription,
                Architecture = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
                CpuCount = Environment.ProcessorCount,
                MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            },
        };
        hello.Runtimes.AddRange(Runtimes);
        hello.Held.AddRange(held);
        hello.Labels.Add(settings.Labels.ToDictionary());
        foreach (var (key, value) in joinedLabels)
            hello.Labels[key] = value;
        return hello;
    }
}
