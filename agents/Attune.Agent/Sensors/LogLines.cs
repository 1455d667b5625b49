using System.Text;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Sensors;

/// <summary>What one sensor's log has to say and has not said yet. Full: the oldest lines go, and a line in their place counts them. Thread-safe.</summary>
sealed class LogLines(TimeProvider clock, System.Action added)
{
    public const int LineBytesMax = 8 << 10;
    const int LinesMax = 1000;
    const int BytesMax = 256 << 10;
    const string CutMark = " [cut]";

    readonly Lock gate = new();
    readonly Queue<SensorOutputLine> lines = new();
    int bytes;
    long dropped;

    /// <summary>Already masked. Invalid UTF-8 and NUL become U+FFFD.</summary>
    public void Add(string text)
    {
        var line = new SensorOutputLine { Time = clock.GetUtcNow().ToTimestamp(), Text = Fit(text.Replace('\0', '\uFFFD')) };
        lock (gate)
        {
            lines.Enqueue(line);
            bytes += Cost(line);
            while (lines.Count > LinesMax || bytes > BytesMax)
            {
                bytes -= Cost(lines.Dequeue());
                dropped++;
            }
        }

        added();
    }

    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return lines.Count == 0;
        }
    }

    /// <summary>Moves the oldest lines of about so many bytes into the log.</summary>
    /// <returns>How many bytes they are.</returns>
    public int MoveTo(SensorLog log, int bytesMax)
    {
        lock (gate)
        {
            var moved = 0;
            if (dropped > 0 && lines.TryPeek(out var next))
                log.Lines.Add(new SensorOutputLine { Time = next.Time, Text = $"[{dropped} lines are missing here: they came faster than they could be sent]" });
            dropped = 0;
            while (moved < bytesMax && lines.TryDequeue(out var line))
            {
                log.Lines.Add(line);
                moved += Cost(line);
            }

            bytes -= moved;
            return moved;
        }
    }

    static int Cost(SensorOutputLine line) => line.Text.Length + 32;

    static string Fit(string text)
    {
        text = text.TrimEnd('\r').ReplaceLineEndings(" ");
        if (text.Length <= LineBytesMax / 3 || Encoding.UTF8.GetByteCount(text) <= LineBytesMax)
            return text;

        var kept = Encoding.UTF8.GetBytes(text).AsSpan(0, LineBytesMax - CutMark.Length);
        while ((kept[^1] & 0xC0) == 0x80)
            kept = kept[..^1];
        return Encoding.UTF8.GetString(kept[..^1]) + CutMark;
    }
}
