using System.Threading.Channels;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>
/// Events on disk from the moment they are read until the control plane has them. Writers wait for the device; one sync serves all who wait at that moment.
/// See the README beside it. Thread-safe; one sender.
/// </summary>
sealed partial class EventBuffer : IAsyncDisposable
{
    const int BatchBytesMax = 1 << 20;
    const int WaitingBatchesMax = 64;
    static readonly TimeSpan DiskPause = TimeSpan.FromSeconds(1);

    readonly Lock gate = new();
    readonly string directory;
    readonly long limitBytes;
    readonly int segmentBytes;
    readonly TimeProvider clock;
    readonly ILogger<EventBuffer> logger;
    readonly CancellationTokenSource stopping = new();
    readonly List<EventSegment> segments = [];

    // Full: who wants to append waits, so its sensor's pipe fills up and the sensor waits too.
    readonly Channel<Batch> queue = Channel.CreateBounded<Batch>(new BoundedChannelOptions(WaitingBatchesMax) { SingleReader = true });

    Task writing = Task.CompletedTask;
    EventSegment? open;
    long lastSequence;
    TaskCompletionSource? room;
    bool hasSaidFull;

    /// <summary>Told after events have become ready to be sent.</summary>
    public System.Action? Appended { get; set; }

    public long WaitingEvents { get; private set; }

    public long WaitingBytes { get; private set; }

    /// <summary>Sensors wait until acknowledgements make room.</summary>
    public bool IsFull => room is not null;

    /// <summary>Why the disk takes nothing; null while all is well. Sensors wait meanwhile.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Completes when the events are safe on the device. They get their sequences here.</summary>
    public async Task AppendAsync(IReadOnlyList<SensorEvent> events, CancellationToken ct)
    {
        var batch = new Batch(events);
        await queue.Writer.WriteAsync(batch, ct);
        await batch.Done.Task.WaitAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stopping.CancelAsync();
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var segment in segments)
            segment.Dispose();
        acknowledgedFile.Dispose();
        stopping.Dispose();
    }

    async Task RunAsync(CancellationToken ct)
    {
        var batches = new List<Batch>();
        try
        {
            var buffer = new byte[64 << 10];
            while (await queue.Reader.WaitToReadAsync(ct))
            {
                var (bytes, count) = (0, 0);
                while (bytes < Math.Min(BatchBytesMax, segmentBytes) && queue.Reader.TryRead(out var batch))
                {
                    foreach (var each in batch.Events)
                        bytes += EventSegment.Encode(each, lastSequence + ++count, ref buffer, bytes);
                    batches.Add(batch);
                }

                await RoomAsync(bytes, ct);
                await WriteAsync(buffer.AsMemory(0, bytes), count, ct);
                foreach (var batch in batches)
                    batch.Done.TrySetResult();
                batches.Clear();
                Appended?.Invoke();
            }
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            LogBroken(failure);
        }
        finally
        {
            queue.Writer.TryComplete();
            while (queue.Reader.TryRead(out var batch))
                batches.Add(batch);
            foreach (var batch in batches)
                batch.Done.TrySetCanceled(ct);
        }
    }

    async Task RoomAsync(int bytes, CancellationToken ct)
    {
        while (true)
        {
            Task waiting;
            lock (gate)
            {
                if (WaitingBytes == 0 || WaitingBytes + bytes <= limitBytes)
                {
                    room = null;
                    return;
                }

                // Once, however often the last bit of room is given and taken.
                if (!hasSaidFull)
                    LogFull(WaitingBytes);
                hasSaidFull = true;
                room = new(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting = room.Task;
            }

            await waiting.WaitAsync(ct);
        }
    }

    async Task WriteAsync(ReadOnlyMemory<byte> records, int count, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                if (open is null || (open.Length > 0 && open.Length + records.Length > segmentBytes))
                    BeginSegment();
                open!.Append(records.Span);
                Publish(records.Length, count);
                return;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                if (Trouble is null)
                    LogTrouble(failure.Message);
                Trouble = failure.Message;
            }

            await Task.Delay(DiskPause, clock, ct);
        }
    }

    void BeginSegment()
    {
        var next = EventSegment.Create(directory, lastSequence + 1);
        lock (gate)
        {
            segments.Add(open = next);
            readable = 0;
            DropAcknowledged();
        }
    }

    void Publish(int bytes, int count)
    {
        lock (gate)
        {
            lastSequence += count;
            WaitingEvents += count;
            WaitingBytes += bytes;
            readable = open!.Length;
        }

        if (Trouble is not null)
            LogWell();
        Trouble = null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The buffer of events is full ({WaitingBytes} bytes wait for the control plane): sensors wait until it takes some. Nothing is dropped")]
    partial void LogFull(long waitingBytes);

    [LoggerMessage(Level = LogLevel.Error, Message = "Events cannot be written to disk ({Reason}); sensors wait until they can")]
    partial void LogTrouble(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The buffer of events is broken: no sensor can emit anything until the agent is started anew")]
    partial void LogBroken(Exception failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "Events can be written to disk again")]
    partial void LogWell();

    sealed class Batch(IReadOnlyList<SensorEvent> events)
    {
        public IReadOnlyList<SensorEvent> Events => events;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
