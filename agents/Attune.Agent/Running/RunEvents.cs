using Attune.V1;

namespace Attune.Agent.Running;

/// <summary>
/// What a run tells while it goes on. <paramref name="Started"/> comes once, when the process has begun. <paramref name="Log"/> may wait: the process
/// is then slowed down by its full pipe. Chunks are masked, at most 64 KiB, and numbered from 1 over all streams; one call at a time.
/// </summary>
public sealed record RunEvents(Action<DateTimeOffset> Started, Func<LogChunk, CancellationToken, ValueTask> Log);
