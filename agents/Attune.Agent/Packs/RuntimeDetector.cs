using Attune.Agent.Running;
using Attune.V1;

namespace Attune.Agent.Packs;

/// <summary>Asks the host which runtimes it has.</summary>
public sealed class RuntimeDetector(ProcessLoop processes)
{
    /// <summary>What a core pack would ask: shell, Python, Node.js, native.</summary>
    public static IReadOnlyList<RuntimeProbe> CoreProbes { get; } = [];

    /// <summary>In the order of the probes; what is not here is left out.</summary>
    public Task<IReadOnlyList<FoundRuntime>> DetectAsync(IReadOnlyList<RuntimeProbe> probes, CancellationToken ct)
    {
        _ = (processes, ct);
        return Task.FromResult<IReadOnlyList<FoundRuntime>>([]);
    }
}
