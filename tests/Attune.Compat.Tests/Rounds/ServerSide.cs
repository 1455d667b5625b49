using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Attune.Compat.Tests.Rounds;

/// <summary>What the server saw, for tests to look at.</summary>
public sealed class ServerSide
{
    public ConcurrentQueue<string> Intercepted { get; } = [];

    public TaskCompletionSource Entered { get; } = Signal();

    public TaskCompletionSource Cancelled { get; } = Signal();

    /// <summary>How a write ended that the server's own token cancelled.</summary>
    public TaskCompletionSource<Exception> WriteFailed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableDictionary<string, string> RequestHeaders { get; set; } = [];

    public DateTime Deadline { get; set; }

    public static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
