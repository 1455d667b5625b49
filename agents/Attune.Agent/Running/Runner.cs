using System.Diagnostics.CodeAnalysis;
using Attune.Agent.Packs;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>Runs one work item to its end.</summary>
public sealed class Runner(
    ProcessLoop processes, ReleaseCache releases, Environments environments, AgentPaths paths, TimeProvider clock, ILogger<Runner> logger)
{
    /// <summary>What the detector found here: used where an interpreter's name is not on the PATH.</summary>
    public void UseRuntimes(IReadOnlyList<FoundRuntime> found) => _ = (found, paths);

    /// <summary>Entry points that need no process: `builtin:noop`, `builtin:echo`. False: use <see cref="RunAsync"/>.</summary>
    public bool TryRunBuiltin(ActionSpec spec, WorkItem item, [NotNullWhen(true)] out Finished? finished)
    {
        finished = null;
        return paths is null;
    }

    /// <summary>Never throws for what an action, a pack or a host can do: that is in the outcome and its error. After an abort the answer is meaningless.</summary>
    public Task<Finished> RunAsync(ActionSpec spec, WorkItem item, RunEvents events, RunControl control, CancellationToken stopping)
    {
        _ = (processes, releases, environments, paths, clock, logger);
        return Task.FromResult(new Finished());
    }
}
