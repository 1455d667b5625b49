using System.Threading.Channels;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

delegate Task<IReadOnlyList<FoundRuntime>> DetectRuntimes(IReadOnlyList<RuntimeProbe> probes, CancellationToken ct);

/// <summary>Looks for runtimes, one round at a time, away from the stream: a probe may take seconds.</summary>
sealed partial class Runtimes(AgentFacts facts, Reports reports, DetectRuntimes detect, ILogger<Runtimes> logger)
{
    // Only the newest list counts.
    readonly Channel<IReadOnlyList<RuntimeProbe>> asked = Channel.CreateBounded<IReadOnlyList<RuntimeProbe>>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes after the first round.</summary>
    public Task First => first.Task;

    public void Probe(IReadOnlyList<RuntimeProbe> probes) => asked.Writer.TryWrite(probes);

    public async Task RunAsync(CancellationToken ct)
    {
        await foreach (var probes in asked.Reader.ReadAllAsync(ct))
        {
            try
            {
                var found = await detect(probes, ct);
                facts.Runtimes = found;
                reports.Say(message =>
                {
                    message.FoundRuntimes.Clear();
                    message.FoundRuntimes.AddRange(found);
                });
                LogFound(found.Count);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                LogNotFound(failure);
            }

            first.TrySetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "This host has {Found} of the runtimes that were asked for")]
    partial void LogFound(int found);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for runtimes failed; what was found before stays")]
    partial void LogNotFound(Exception failure);
}
