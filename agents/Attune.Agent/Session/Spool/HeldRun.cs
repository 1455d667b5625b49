using Attune.V1;

namespace Attune.Agent.Session.Spool;

readonly record struct RunKey(long ExecutionId, int Attempt);

/// <summary>One attempt that the agent holds: from the moment it is accepted until its end is acknowledged.</summary>
sealed class HeldRun(RunKey key, string actionRef)
{
    public RunKey Key => key;

    /// <summary>Empty for a built-in that the spool recovered.</summary>
    public string ActionRef { get; set; } = actionRef;

    public HeldState State { get; set; } = HeldState.Accepted;

    public DateTimeOffset StartedAt { get; set; }

    public long LastSequence { get; set; }

    /// <summary>In order, none of them acknowledged. Null until the run says something.</summary>
    public ChunkQueue? Logs { get; set; }

    public SpooledResult Result { get; set; }

    /// <summary>What of it the present stream has been given.</summary>
    public SentMarks Sent;

    /// <summary>Set while the job waits until the control plane has caught up with its output.</summary>
    public TaskCompletionSource? Room { get; set; }
}

/// <summary>Where a result is. Small ones, and those that the disk did not take, are in memory too.</summary>
readonly record struct SpooledResult(long Offset, int Length, Finished? Message);

/// <summary>Fields of one stream: cleared when the next one begins.</summary>
struct SentMarks
{
    public bool Started;
    public bool Finished;
    public bool ResultQueued;

    /// <summary>Output may be sent: it no longer waits for the run's `started`.</summary>
    public bool LogsOpen;

    /// <summary>Is in the queue of runs whose output may be sent.</summary>
    public bool LogsQueued;
}

/// <summary>A log chunk on disk.</summary>
sealed class SpooledChunk(RunKey run, long sequence)
{
    /// <summary>What a chunk costs besides its bytes, so that a flood of tiny ones meets the limit too.</summary>
    public const int Overhead = 512;

    public RunKey Run => run;

    public long Sequence => sequence;

    public long Offset { get; set; }

    public int Length { get; set; }

    /// <summary>Above 0: its bytes were given up for want of room; a line saying so takes its place.</summary>
    public long DroppedBytes { get; set; }

    /// <summary>Acknowledged, or its run is forgotten.</summary>
    public bool IsGone { get; set; }

    public long Cost => DroppedBytes > 0 || IsGone ? 0 : Length + Overhead;
}
