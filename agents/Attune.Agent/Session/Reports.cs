using System.Threading.Channels;
using Attune.Agent.Sensors;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>
/// Everything the agent has to say: kept in the spool until acknowledged, handed to the stream's writer in batches. While one message
/// travels, the next one gathers. All members may be called from any thread.
/// </summary>
sealed partial class Reports : IDisposable
{
    /// <summary>How far a job may be ahead of the control plane's acknowledgements before it has to wait.</summary>
    const long AheadBytesMax = 4 << 20;

    /// <summary>A run that ends within this time needs no `started` of its own.</summary>
    static readonly TimeSpan StartedDelay = TimeSpan.FromMilliseconds(25);

    readonly Lock gate = new();
    readonly Spool.Spool spool;
    readonly SensorOutbox sensors;
    readonly TimeProvider clock;
    readonly ILogger<Reports> logger;
    readonly ITimer startedTimer;

    // Room for one wake-up: whoever is woken takes everything that is there.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    bool streaming;
    string? trouble;
    TaskCompletionSource? empty;

    public Reports(Spool.Spool spool, SensorOutbox sensors, TimeProvider clock, ILogger<Reports> logger)
    {
        (this.spool, this.sensors, this.clock, this.logger) = (spool, sensors, clock, logger);
        sensors.Attach(Wake);
        startedTimer = clock.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public string SpoolId => spool.Id;

    /// <summary>
    /// What an earlier process left: begun and not ended is lost and says so; accepted and not begun is given back. An attempt that
    /// has a folder may have begun a moment before its process could be noted, so it counts as begun.
    /// </summary>
    public void Recover(IReadOnlySet<RunKey> withFolder)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var left = spool.Runs.ToList();
            var lost = left
                .Where(run => run.State == HeldState.Running || (run.State == HeldState.Accepted && withFolder.Contains(run.Key)))
                .ToList();
            if (lost.Count > 0)
                spool.Finish([.. lost.Select(run => (run, LostBy(run, now)))]);
            if (left.Count > 0)
                LogRecovered(left.Count(run => run.State == HeldState.Finished) - lost.Count, lost.Count, left.Count(run => run.State == HeldState.Accepted));
        }
    }

    /// <summary>How full the spool is.</summary>
    public (long WaitingBytes, long DroppedBytes, int Held, string? Trouble) Room()
    {
        lock (gate)
            return (spool.WaitingBytes, spool.DroppedBytes, spool.Runs.Count, spool.Trouble);
    }

    /// <summary>Completes when nothing waits for an acknowledgement.</summary>
    public Task WhenEmptyAsync()
    {
        lock (gate)
        {
            if (spool.Runs.Count == 0)
                return Task.CompletedTask;

            empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return empty.Task;
        }
    }

    public bool IsHeld(RunKey key)
    {
        lock (gate)
            return spool.Find(key) is not null;
    }

    /// <summary>False: the disk takes nothing, so the runs must be given back.</summary>
    public bool TryAccept(IReadOnlyList<HeldRun> runs)
    {
        lock (gate)
        {
            var accepted = spool.TryAccept(runs);
            SayTrouble();
            return accepted;
        }
    }

    /// <summary>Whether the disk takes something again.</summary>
    public bool ProbeDisk()
    {
        lock (gate)
        {
            var works = spool.Probe();
            SayTrouble();
            return works;
        }
    }

    public void Begun(HeldRun run, DateTimeOffset startedAt)
    {
        lock (gate)
        {
            if (!Holds(run) || run.State != HeldState.Accepted)
                return;

            spool.Begin(run, startedAt);
            SayTrouble();
            if (!streaming)
                return;

            QueueStarted(run);
        }
    }

    /// <summary>Completes when the chunk is kept and the job may go on.</summary>
    public ValueTask LogAsync(HeldRun run, LogChunk chunk, CancellationToken ct)
    {
        Task room;
        lock (gate)
        {
            if (!Holds(run) || run.State == HeldState.Finished)
                return ValueTask.CompletedTask;

            spool.Append(run, chunk);
            SayTrouble();
            if (!streaming)
                return ValueTask.CompletedTask;

            // Output of the first moment waits for the run's `started`, or travels with its end.
            if (run.State == HeldState.Accepted || run.Sent.Started)
                QueueLogs(run);
            if (run.Logs!.UnacknowledgedBytes < AheadBytesMax)
                return ValueTask.CompletedTask;

            room = (run.Room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        return new(room.WaitAsync(ct));
    }

    /// <summary>Keeps the ends with one write. Runs that need no acceptance of their own (built-ins) come here first.</summary>
    public void Finish(IReadOnlyList<(HeldRun Run, Finished Result)> batch)
    {
        lock (gate)
        {
            spool.Finish(batch);
            SayTrouble();
            if (!streaming)
                return;

            foreach (var (run, _) in batch)
                QueueEnd(run);
            Wake();
        }
    }

    /// <summary>The end of one run; nothing when the run was forgotten meanwhile.</summary>
    public void Finish(HeldRun run, Finished result)
    {
        lock (gate)
        {
            if (Holds(run))
                Finish([(run, result)]);
        }
    }

    /// <summary>Puts something into the next message of this stream; nothing between two streams.</summary>
    public void Say(Action<WorkerMessage> add)
    {
        lock (gate)
        {
            if (!streaming)
                return;

            add(next);
            nextIsEmpty = false;
            Wake();
        }
    }

    /// <summary>Gives back what was not accepted. Worth nothing on another stream: what it does not name was never begun.</summary>
    public void Return(IEnumerable<Returned> items)
    {
        lock (gate)
        {
            if (!streaming)
                return;

            returned.AddRange(items);
            Wake();
        }
    }

    /// <summary>Stale attempts that still run are left to the caller, who stops them and forgets.</summary>
    public void Acknowledge(IReadOnlyList<ReportAck> acks, ICollection<RunKey> staleRunning)
    {
        lock (gate)
        {
            foreach (var ack in acks)
            {
                var key = new RunKey(ack.ExecutionId, ack.Attempt);
                if (spool.Find(key) is not { } run)
                    continue;
                if (run.State == HeldState.Finished && (run.Sent.Finished || ack.Stale))
                    Drop(run);
                else if (ack.Stale)
                    staleRunning.Add(key);
                if (ack.Stale)
                    LogStale(key.ExecutionId, key.Attempt);
            }
        }
    }

    public void AcknowledgeLogs(IReadOnlyList<LogAck> acks)
    {
        lock (gate)
        {
            foreach (var ack in acks)
            {
                if (spool.Find(new(ack.ExecutionId, ack.Attempt)) is not { Logs: { } logs } run)
                    continue;

                var inFlight = logs.InFlightBytes;
                var hadUnsent = logs.HasUnsent;
                spool.AcknowledgeLogs(run, ack.ThroughSequence);
                windowBytes -= inFlight - logs.InFlightBytes;
                GiveRoom(run);
                if (hadUnsent && run.Sent.LogsOpen)
                    Talk(run);
            }

            Wake();
        }
    }

    /// <summary>The attempt is no longer the agent's.</summary>
    public void Forget(RunKey key)
    {
        lock (gate)
        {
            if (spool.Find(key) is { } run)
                Drop(run);
        }
    }

    public void Dispose()
    {
        startedTimer.Dispose();
        lock (gate)
            spool.Dispose();
    }

    bool Holds(HeldRun run) => ReferenceEquals(spool.Find(run.Key), run);

    void Drop(HeldRun run)
    {
        windowBytes -= run.Logs?.InFlightBytes ?? 0;
        spool.Forget(run);
        GiveRoom(run, always: true);
        if (spool.Runs.Count > 0)
            return;

        empty?.SetResult();
        empty = null;
    }

    static void GiveRoom(HeldRun run, bool always = false)
    {
        if (run.Room is null || (!always && run.Logs!.UnacknowledgedBytes >= AheadBytesMax))
            return;

        run.Room.SetResult();
        run.Room = null;
    }

    void SayTrouble()
    {
        if (trouble == spool.Trouble)
            return;

        trouble = spool.Trouble;
        if (trouble is null)
            LogDiskWell();
        else
            LogDiskTrouble(trouble);
    }

    static Finished LostBy(HeldRun run, DateTimeOffset now) => new()
    {
        ExecutionId = run.Key.ExecutionId,
        Attempt = run.Key.Attempt,
        Outcome = Outcome.Lost,
        StartedAt = run.StartedAt == default ? null : run.StartedAt.ToTimestamp(),
        FinishedAt = now.ToTimestamp(),
        LastLogSequence = run.LastSequence,
        Error = new()
        {
            Reason = "AGENT_RESTARTED",
            Message = $"The agent stopped without warning while {run.ActionRef} ran; when it came back, the process and its end were gone.",
        },
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "An earlier process left {Finished} results to send, {Lost} runs that are lost and {Accepted} that never began and are given back")]
    partial void LogRecovered(int finished, int lost, int accepted);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Execution {ExecutionId}, attempt {Attempt} is no longer this agent's; what it reported changed nothing")]
    partial void LogStale(long executionId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "The spool cannot be written ({Reason}); no new work is taken, and output is lost until it can")]
    partial void LogDiskTrouble(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The spool can be written again")]
    partial void LogDiskWell();
}
