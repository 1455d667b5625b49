using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>Reading what an earlier process left.</summary>
sealed partial class EventBuffer
{
    const int SegmentBytesMin = 64 << 10;
    const int SegmentBytesMax = 4 << 20;

    EventBuffer(string directory, long limitBytes, TimeProvider clock, ILogger<EventBuffer> logger)
    {
        (this.directory, this.limitBytes, this.clock, this.logger) = (directory, limitBytes, clock, logger);
        segmentBytes = (int)Math.Clamp(limitBytes / 8, SegmentBytesMin, SegmentBytesMax);
        acknowledgedFile = File.OpenHandle(
            Path.Combine(directory, "acknowledged"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
    }

    /// <summary>Throws <see cref="IOException"/> when the folder cannot be used.</summary>
    /// <param name="limitBytes">Of events that wait for an acknowledgement.</param>
    public static EventBuffer Open(string directory, long limitBytes, TimeProvider clock, ILogger<EventBuffer> logger)
    {
        Directory.CreateDirectory(directory);
        var buffer = new EventBuffer(directory, limitBytes, clock, logger);
        buffer.Recover();
        buffer.writing = buffer.RunAsync(buffer.stopping.Token);
        return buffer;
    }

    void Recover()
    {
        var acknowledged = ReadAcknowledged();
        lastSequence = acknowledged;
        foreach (var segment in EventSegment.OpenAll(directory))
        {
            var waitingFrom = 0L;

            // An empty one uses up the sequence that it is named by: the next must not have its name.
            lastSequence = Math.Max(lastSequence, segment.First);
            var damaged = segment.Recover((sequence, end) =>
            {
                lastSequence = Math.Max(lastSequence, sequence);
                if (sequence <= acknowledged)
                    waitingFrom = end;
                else
                    WaitingEvents++;
            });

            // What is torn was not synced, so it was never sent. But a damaged record may have been, and its sequence must not be used again.
            lastSequence += damaged / EventSegment.HeadBytes;
            if (damaged > 0)
                LogDamaged(segment.Path, damaged);
            WaitingBytes += segment.Length - waitingFrom;
            segments.Add(segment);
            DropAcknowledged();
            if (segments.Count == 1)
                acknowledgedOffset = waitingFrom;
        }

        Rewind();
        if (WaitingEvents > 0)
            LogRecovered(WaitingEvents);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Events} events of sensors wait for the control plane since before this start")]
    partial void LogRecovered(long events);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} ends with {Bytes} bytes that are no whole event: the agent or the machine died while it was written")]
    partial void LogDamaged(string path, long bytes);
}
