using System.Buffers;
using System.Text;
using Attune.Agent.Running;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Sensors;

/// <summary>What one sensor's process writes: events from stdout into the buffer, lines of stderr into the log.</summary>
sealed class SensorOutput
{
    const int BatchBytesMax = 256 << 10;
    const int NearMax = 120;

    readonly string sensorRef;
    readonly Masker masker;
    readonly EventBuffer events;
    readonly LogLines log;
    readonly TimeProvider clock;
    readonly LineCutter output;
    readonly LineCutter error;
    readonly MaskedStream maskedError;
    readonly ArrayBufferWriter<byte> errorBytes = new();
    List<SensorEvent> batch = [];

    public SensorOutput(string sensorRef, Masker masker, EventBuffer events, LogLines log, TimeProvider clock)
    {
        (this.sensorRef, this.masker, this.events, this.log, this.clock) = (sensorRef, masker, events, log, clock);
        output = new(EventLine.BytesMax, TakeOutput);
        error = new(LogLines.LineBytesMax, TakeError);
        maskedError = new(masker);
    }

    /// <summary>Those that it may emit.</summary>
    public IReadOnlyList<string> Triggers { get; set; } = [];

    /// <summary>Masked; empty when there is none.</summary>
    public string LastErrorLine { get; private set; } = "";

    /// <summary>Reads until the pipes are closed. While the buffer takes nothing nothing is read, so the process waits.</summary>
    public async Task PumpAsync(ChildProcess child, CancellationToken ct)
    {
        // Whoever starts a process must not read for it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var taken = new List<OutputPiece>();
        while (await child.Pending.WaitToReadAsync(ct))
        {
            var bytes = 0;
            while (bytes < BatchBytesMax && child.Pending.TryRead(out var piece))
            {
                (piece.IsError ? (Action<ReadOnlySpan<byte>>)WriteError : output.Write)(piece.Bytes);
                taken.Add(piece);
                bytes += piece.Length;
            }

            await FlushAsync(ct);
            taken.ForEach(child.Consumed);
            taken.Clear();
        }

        output.Complete();
        maskedError.Complete(errorBytes);
        error.Write(errorBytes.WrittenSpan);
        error.Complete();
        await FlushAsync(ct);
    }

    /// <summary>A line of the agent's own in the sensor's log.</summary>
    public void Say(string line) => log.Add($"[{masker.Apply(line)}]");

    async ValueTask FlushAsync(CancellationToken ct)
    {
        if (batch.Count == 0)
            return;

        var full = batch;
        batch = [];
        await events.AppendAsync(full, ct);
    }

    void TakeOutput(ReadOnlySpan<byte> line, bool isCut)
    {
        if (line.TrimEnd("\r \t"u8).IsEmpty)
            return;

        var why = $"it is longer than {EventLine.BytesMax >> 20} MiB.";
        if (!isCut && EventLine.Read(line, Triggers, out why) is { } found)
        {
            found.SensorRef = sensorRef;
            found.OccurredAt = clock.GetUtcNow().ToTimestamp();
            batch.Add(found);
            return;
        }

        // Masked whole, then cut: the other way round half a secret could stay.
        var near = masker.Apply(Encoding.UTF8.GetString(line[..Math.Min(line.Length, NearMax + masker.LengthMax)]));
        Say($"A line on stdout is no event: {why} It begins: {near[..Math.Min(near.Length, NearMax)]}");
    }

    void WriteError(ReadOnlySpan<byte> bytes)
    {
        maskedError.Write(bytes, errorBytes);
        error.Write(errorBytes.WrittenSpan);
        errorBytes.ResetWrittenCount();
    }

    void TakeError(ReadOnlySpan<byte> line, bool isCut)
    {
        var text = Encoding.UTF8.GetString(line);
        if (!string.IsNullOrWhiteSpace(text))
            LastErrorLine = text.Trim();
        log.Add(isCut ? $"{text} [cut]" : text);
    }
}
