using System.Globalization;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Session;

/// <summary>What goes into the next message, and what one stream has been given.</summary>
sealed partial class Reports
{
    const int MessageBytesMax = 1 << 20;
    const int MessageReportsMax = 2000;

    /// <summary>Unacknowledged output of all runs together; results do not wait for it.</summary>
    const long WindowBytesMax = 1 << 20;

    /// <summary>Unacknowledged output of one run: a quarter, so a noisy one leaves room.</summary>
    const long RunWindowBytesMax = WindowBytesMax / 4;

    /// <summary>What one run may add to one message before the next one has its turn.</summary>
    const long TurnBytesMax = 128 << 10;

    readonly Queue<HeldRun> results = new();
    readonly Queue<HeldRun> talking = new();
    readonly Queue<(HeldRun Run, long Timestamp)> starts = new();
    readonly List<Returned> returned = [];
    long windowBytes;
    WorkerMessage next = new();
    bool nextIsEmpty = true;

    /// <summary>Ends the earlier stream's view: everything unacknowledged is to be said again. Returns what the agent holds.</summary>
    public IReadOnlyList<HeldExecution> Rewind()
    {
        lock (gate)
        {
            EndStream();
            return
            [
                .. spool.Runs.Select(run => new HeldExecution
                {
                    ExecutionId = run.Key.ExecutionId,
                    Attempt = run.Key.Attempt,
                    State = run.State,
                }),
            ];
        }
    }

    /// <summary>The control plane has answered: what is held may be said. <paramref name="isRunning"/> tells what this process works on.</summary>
    public void BeginStream(Func<RunKey, bool> isRunning)
    {
        lock (gate)
        {
            streaming = true;
            foreach (var run in spool.Runs.ToList())
            {
                if (run.State == HeldState.Finished)
                    QueueEnd(run);
                else if (run.State == HeldState.Running)
                    QueueStarted(run);
                else if (isRunning(run.Key))
                    QueueLogs(run);
                else
                    GiveBack(run);
            }

            sensors.BeginStream();
            Wake();
        }
    }

    /// <summary>Jobs no longer wait for the network; the spool takes what they say.</summary>
    public void EndStream()
    {
        lock (gate)
        {
            streaming = false;
            sensors.EndStream();
            windowBytes = 0;
            results.Clear();
            talking.Clear();
            starts.Clear();
            returned.Clear();
            (next, nextIsEmpty) = (new(), true);
            foreach (var run in spool.Runs)
            {
                run.Sent = default;
                run.Logs?.Rewind();
                GiveRoom(run, always: true);
            }
        }
    }

    /// <summary>Waits until there may be something to say. A wake-up may be for nothing.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken ct) => wakeUps.Reader.ReadAsync(ct);

    /// <summary>Null when there is nothing to say now.</summary>
    public WorkerMessage? Compose()
    {
        WorkerMessage message;
        bool isEmpty;
        long bytes;
        lock (gate)
        {
            if (!streaming)
                return null;

            (message, isEmpty) = (next, nextIsEmpty);
            (next, nextIsEmpty) = (new(), true);
            message.Returned.AddRange(returned);
            returned.Clear();
            AddStarted(message);
            bytes = AddResults(message, AddLogs(message));
            isEmpty &= message.Returned.Count + message.Started.Count + message.Logs.Count + message.Finished.Count == 0;
        }

        // Outside of the gate: events are read from disk, and no run should wait for that.
        isEmpty &= !sensors.AddTo(message, (int)Math.Max(0, MessageBytesMax - bytes));
        return isEmpty ? null : message;
    }

    void Wake() => wakeUps.Writer.TryWrite(true);

    void GiveBack(HeldRun run)
    {
        returned.Add(new() { ExecutionId = run.Key.ExecutionId, Attempt = run.Key.Attempt, Reason = "STOPPING" });
        Drop(run);
    }

    void QueueStarted(HeldRun run)
    {
        starts.Enqueue((run, clock.GetTimestamp()));
        if (starts.Count == 1)
            startedTimer.Change(StartedDelay, Timeout.InfiniteTimeSpan);
    }

    void QueueLogs(HeldRun run)
    {
        run.Sent.LogsOpen = true;
        if (run.Logs is { HasUnsent: true })
            Talk(run);
    }

    void Talk(HeldRun run)
    {
        if (run.Sent.LogsQueued)
            return;

        run.Sent.LogsQueued = true;
        talking.Enqueue(run);
        Wake();
    }

    void QueueEnd(HeldRun run)
    {
        run.Sent.LogsOpen = true;
        if (run.Logs is { HasUnsent: true })
            QueueLogs(run);
        else
            QueueResult(run);
    }

    void QueueResult(HeldRun run)
    {
        if (run.Sent.ResultQueued)
            return;

        run.Sent.ResultQueued = true;
        results.Enqueue(run);
    }

    void AddStarted(WorkerMessage message)
    {
        while (starts.TryPeek(out var head) && message.Started.Count < MessageReportsMax)
        {
            var waited = clock.GetElapsedTime(head.Timestamp);
            if (waited < StartedDelay && head.Run.State == HeldState.Running)
            {
                startedTimer.Change(StartedDelay - waited, Timeout.InfiniteTimeSpan);
                return;
            }

            starts.Dequeue();

            // Its end says when it began, and must not be followed by less.
            if (head.Run.State != HeldState.Running || !Holds(head.Run))
                continue;

            head.Run.Sent.Started = true;
            message.Started.Add(new Started
            {
                ExecutionId = head.Run.Key.ExecutionId,
                Attempt = head.Run.Key.Attempt,
                StartedAt = head.Run.StartedAt.ToTimestamp(),
            });
            QueueLogs(head.Run);
        }
    }

    long AddLogs(WorkerMessage message)
    {
        var bytes = 0L;
        for (var turns = talking.Count; turns > 0 && bytes < MessageBytesMax && windowBytes < WindowBytesMax; turns--)
        {
            var run = talking.Dequeue();
            run.Sent.LogsQueued = false;
            if (!Holds(run) || run.Logs is not { } logs)
                continue;

            var turnEnd = bytes + TurnBytesMax;
            while (logs.HasUnsent && bytes < turnEnd && logs.InFlightBytes < RunWindowBytesMax && windowBytes < WindowBytesMax)
                bytes += AddChunk(message, run, logs);

            if (!logs.HasUnsent && run.State == HeldState.Finished)
                QueueResult(run);
            else if (logs.InFlightBytes < RunWindowBytesMax)
                QueueLogs(run);
        }

        return bytes;
    }

    long AddChunk(WorkerMessage message, HeldRun run, ChunkQueue logs)
    {
        var before = logs.InFlightBytes;
        var chunk = logs.NextUnsent!;
        var log = spool.Read(chunk);
        logs.MarkSent();
        if (log is null)
        {
            // One line for everything that was given up in a row, in the place of its last chunk.
            var dropped = chunk.DroppedBytes;
            while (logs.NextUnsent is { DroppedBytes: > 0 } another)
            {
                dropped += another.DroppedBytes;
                chunk = another;
                logs.MarkSent();
            }

            log = Omission(run.Key.Attempt, chunk.Sequence, dropped);
        }

        message.Logs.Add(new WorkLog { ExecutionId = run.Key.ExecutionId, Chunk = log });
        windowBytes += logs.InFlightBytes - before;
        return log.Content.Length + 64;
    }

    LogChunk Omission(int attempt, long sequence, long bytes) => new()
    {
        Attempt = attempt,
        Sequence = sequence,
        Stream = LogStream.System,
        Content = ByteString.CopyFromUtf8(
            $"[{bytes.ToString("N0", CultureInfo.InvariantCulture)} bytes of output are missing here: the agent's spool had no room for them]\n"),
        Time = clock.GetUtcNow().ToTimestamp(),
    };

    long AddResults(WorkerMessage message, long bytes)
    {
        while (message.Finished.Count < MessageReportsMax && results.TryPeek(out var run))
        {
            if (message.Finished.Count > 0 && bytes + run.Result.Length > MessageBytesMax)
                break;

            results.Dequeue();
            if (!Holds(run))
                continue;

            message.Finished.Add(spool.ReadResult(run));
            run.Sent.Finished = true;
            bytes += run.Result.Length;
        }

        return bytes;
    }
}
