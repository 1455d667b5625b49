using Attune.Agent.Running;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Packs;

/// <summary>Virtual environments and module folders, one per pack, runtime and manifest, built when first needed.</summary>
public sealed class Environments(
    ProcessLoop processes, AgentPaths paths, Func<EnvironmentReport, CancellationToken, ValueTask> report, TimeProvider clock,
    ILogger<Environments> logger)
{
    internal object All => (processes, paths, report, clock, logger);
}
