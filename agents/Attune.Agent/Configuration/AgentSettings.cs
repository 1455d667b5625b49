using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Configuration;

/// <summary>Everything an operator decides about one agent, validated.</summary>
sealed record AgentSettings
{
    public required Uri Server { get; init; }

    public required string Name { get; init; }

    public required string StateDirectory { get; init; }

    public WorkerRole Role { get; init; } = WorkerRole.Action;

    public WorkerType Type { get; init; } = WorkerType.Remote;

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>1 to 10,000.</summary>
    public int Slots { get; init; } = DefaultSlots;

    public string? CaFile { get; init; }

    public JoinTokenSource JoinToken { get; init; } = new(null, null);

    /// <summary>How long running work may go on after SIGTERM.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For results and logs that wait for an acknowledgement.</summary>
    public long SpoolLimitBytes { get; init; } = 256L << 20;

    /// <summary>For sensors' events that wait for an acknowledgement; then sensors wait.</summary>
    public long EventLimitBytes { get; init; } = 256L << 20;

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public static int DefaultSlots => Math.Max(2, Environment.ProcessorCount * 2);

    /// <summary>For root /var/lib/attune-agent; otherwise under the user's state directory, one folder for each name.</summary>
    public static string DefaultStateDirectory(string name, bool isRoot, Func<string, string?> environment)
    {
        if (isRoot)
            return "/var/lib/attune-agent";

        var home = environment("HOME") is { Length: > 0 } set ? set : Path.GetTempPath();
        var state = environment("XDG_STATE_HOME") is { Length: > 0 } given ? given : Path.Combine(home, ".local", "state");
        return Path.Combine(state, "attune-agent", name);
    }
}
