using System.Globalization;
using Attune.Server.Hosting;

namespace Attune.Server.Dev;

sealed record DevArguments
{
    public const string Usage = """
        attune-server dev: a whole installation on this machine, for this user

          --state-dir DIR       where its data is kept (default /var/lib/attune/dev for root, else ~/.local/state/attune/dev)
          --port PORT           on 127.0.0.1 (default 7700)
          --http-port PORT      for webhooks, on 127.0.0.1 (default 7701, or the one after --port)
          --no-agent            without the local agent
          --agent-binary PATH   the attune-agent to start
        """;

    public string StateDirectory { get; init; } = DefaultStateDirectory;
    public int Port { get; init; } = 7700;
    public int? HttpPort { get; init; }
    public bool HasAgent { get; init; } = true;
    public string? AgentBinary { get; init; }
    public bool WantsHelp { get; init; }

    /// <exception cref="OperatorException">Says which argument is wrong.</exception>
    public static DevArguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new DevArguments();
        for (var at = 0; at < args.Count; at++)
        {
            parsed = args[at] switch
            {
                "--state-dir" => parsed with { StateDirectory = Path.GetFullPath(ValueOf(args, ++at)) },
                "--port" => parsed with { Port = PortOf(ValueOf(args, ++at)) },
                "--http-port" => parsed with { HttpPort = PortOf(ValueOf(args, ++at)) },
                "--no-agent" => parsed with { HasAgent = false },
                "--agent-binary" => parsed with { AgentBinary = Path.GetFullPath(ValueOf(args, ++at)) },
                "--help" or "-h" => parsed with { WantsHelp = true },
                var unknown => throw new OperatorException($"dev knows no '{unknown}'.\n\n{Usage}"),
            };
        }

        return parsed;
    }

    static string DefaultStateDirectory => Environment.IsPrivilegedProcess
        ? "/var/lib/attune/dev"
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } given
                ? given
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
            "attune",
            "dev");

    static string ValueOf(IReadOnlyList<string> args, int at)
        => at < args.Count ? args[at] : throw new OperatorException($"dev: {args[at - 1]} needs a value.");

    static int PortOf(string text)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new OperatorException($"dev: '{text}' is no port.");
}
