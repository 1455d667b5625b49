namespace Attune.Agent.Configuration;

/// <summary>One thing an operator can set, under the same word as a flag, an environment variable and a key of the file.</summary>
sealed record Setting(string Flag, string Shape, string Help)
{
    /// <summary>Differs from the flag only where the flag may be repeated: --label becomes `labels`.</summary>
    public string Key { get; init; } = Flag.Replace('-', '_');

    public bool Repeats { get; init; }

    public bool FlagOnly { get; init; }

    public string Variable => "ATTUNE_AGENT_" + Key.ToUpperInvariant();

    public string Spelling => FlagOnly ? $"--{Flag}" : $"--{Flag}, {Variable} or \"{Key}\" in the file";

    public static readonly Setting Server = new("server", "URL", "the control plane: https://host:port, or http:// on this machine");
    public static readonly Setting JoinToken = new("join-token", "TOKEN", "joins once; prefer the file or the environment: argv is public");
    public static readonly Setting JoinTokenFile = new("join-token-file", "FILE", "where the join token is; - reads standard input");
    public static readonly Setting Name = new("name", "NAME", "unique among agents (default: the host's name)");
    public static readonly Setting Role = new("role", "ROLE", "action, sensor or hybrid (default: action)");
    public static readonly Setting Type = new("type", "TYPE", "local, remote or container (default: remote)");
    public static readonly Setting Label = new("label", "K=V", "may be repeated; placement asks for labels") { Key = "labels", Repeats = true };
    public static readonly Setting Slots = new("slots", "N", "how many runs at once (default: twice the processors, at least 2)");
    public static readonly Setting StateDirectory = new("state-dir", "DIR", "identity, spool and caches") { Key = "state_dir" };
    public static readonly Setting CaFile = new("ca-file", "FILE", "PEM that the server's certificate must lead to (default: the system's)");
    public static readonly Setting StopGrace = new("stop-grace", "TIME", "how long SIGTERM waits for running work: 30s, 5m (default: 30s)");
    public static readonly Setting SpoolLimit = new("spool-limit", "MIB", "room for unacknowledged results and logs (default: 256)");
    public static readonly Setting EventLimit = new("event-limit", "MIB", "room for unacknowledged events of sensors (default: 256)");
    public static readonly Setting LogLevel = new("log-level", "LEVEL", "debug, information, warning or error (default: information)");
    public static readonly Setting Config = new("config", "FILE", "these settings as one JSON object") { FlagOnly = true };
    public static readonly Setting Output = new("output", "FORMAT", "text or json, for detect and status") { FlagOnly = true };

    public static readonly IReadOnlyList<Setting> All =
    [
        Server, JoinToken, JoinTokenFile, Name, Role, Type, Label, Slots, StateDirectory, CaFile, StopGrace, SpoolLimit, EventLimit, LogLevel,
        Config, Output,
    ];
}

/// <summary>What is wrong with a setting and how to put it right. Never holds a secret's value.</summary>
sealed record SettingError(string Setting, string Reason, string Fix)
{
    public override string ToString() => $"{Setting}: {Reason}. {Fix}";
}
