using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Running;

namespace Attune.Agent.Session;

/// <summary>One agent for each state directory. The kernel lets go of the lock when the process dies, however it dies.</summary>
static class StateLock
{
    /// <summary>Throws <see cref="HopelessException"/> when another agent has it or it cannot be used.</summary>
    public static IDisposable Take(AgentPaths paths)
    {
        try
        {
            paths.Create();
            return new FileStream(Path.Combine(paths.Root, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(Path.Combine(paths.Root, "lock")))
        {
            throw new HopelessException(
                ExitCode.StateInUse,
                $"Another agent uses {paths.Root} ({failure.Message}). See `attune-agent status`, or give this one its own --state-dir.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HopelessException(
                ExitCode.StateInUse, $"The state directory cannot be used: {failure.Message} Choose another with --state-dir.");
        }
    }
}
