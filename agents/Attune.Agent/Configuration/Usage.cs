namespace Attune.Agent.Configuration;

static class Usage
{
    public static string Text { get; } = $"""
        attune-agent runs Attune's actions on this host. It dials out to the control plane and listens on nothing.

          attune-agent [run] --server URL [flags]   join (once) and work until SIGTERM
          attune-agent status [-o json]             what the agent on this host does, and why
          attune-agent detect [-o json]             which runtimes this host has
          attune-agent version

        Flags, each also as ATTUNE_AGENT_… in the environment and as a key of the file (flags win, then the environment):
        {string.Join('\n', Setting.All.Select(each => $"  {$"--{each.Flag} {each.Shape}",-26} {each.Help}"))}

        SIGTERM drains: nothing new is taken, running work may end within the stop grace. A second SIGTERM stops at once.
        Exit status: {string.Join("; ", ExitCode.Meanings)}.
        """;
}

/// <summary>What the process says when it ends. A supervisor should not restart it after <see cref="Settings"/> and above.</summary>
static class ExitCode
{
    public const int Stopped = 0;
    public const int Failed = 1;
    public const int Settings = 64;
    public const int NotJoined = 65;
    public const int Refused = 66;
    public const int StateInUse = 67;

    public static readonly IReadOnlyList<string> Meanings =
    [
        "0 stopped as asked", "1 failed", "64 settings", "65 could not join, or the certificate is no longer good",
        "66 refused by the control plane", "67 the state directory is another agent's or cannot be used",
    ];
}
