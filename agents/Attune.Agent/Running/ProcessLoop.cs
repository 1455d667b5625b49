using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>The only place where processes start and end: one epoll thread for all of them.</summary>
public sealed class ProcessLoop(TimeProvider clock, ILogger<ProcessLoop> logger) : IAsyncDisposable
{
    public ValueTask DisposeAsync()
    {
        _ = (clock, logger);
        return ValueTask.CompletedTask;
    }
}
