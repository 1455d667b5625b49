using System.Security.Cryptography;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>The agent's own folders. Nobody but the agent's user may look into them: they hold parameters and results.</summary>
public sealed record AgentPaths(string Root)
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Releases => Path.Combine(Root, "releases");

    public string Environments => Path.Combine(Root, "environments");

    public string Runs => Path.Combine(Root, "runs");

    public string Spool => Path.Combine(Root, "spool");

    /// <summary>Beside the spool's id, because sequences of events are unique for it: who deletes one deletes both.</summary>
    public string Events => Path.Combine(Spool, "events");

    /// <summary>Names the agent in its processes' environments, the same in each of its lives.</summary>
    internal string Owner => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(Root))).AsSpan(0, 8));

    /// <summary>Makes what is missing, mode 0700, and tightens what is there.</summary>
    public void Create()
    {
        foreach (var folder in (string[])[Root, Releases, Environments, Runs, Spool, Events])
        {
            Directory.CreateDirectory(folder, OwnerOnly);
            File.SetUnixFileMode(folder, OwnerOnly);
        }
    }
}
