using System.Globalization;
using System.Text;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Sensors;

/// <summary>
/// What one sensor's log has to say and has not said yet. Full: the oldest lines go. Said too fast: the newest are left out. Either way a line in their
/// place counts them. Thread-safe.
/// </summary>
sealed class LogLines(TimeProvider clock, System.Action added)
{
    public const int LineBytesMax = 8 << 10;
    const int LinesMax = 1000;

    // A bucket: so much at once, and then so much in each second. The control plane's table is shared by all sensors.
    const int LinesPerBurst = 1000;
    const int LinesPerSecond = 200;
    const int BytesMax = 256 << 10;
    const string CutMark = " [cut]";

    readonly Lock gate = new();
    readonly Queue<SensorOutputLine> lines = new();
    int bytes;
    long dropped;
    double room = LinesPerBurst;
    long filledAt = clock.GetTimestamp();
    long leftOut;

    /// <summary>Already masked. Invalid UTF-8 and NUL become U+FFFD.</summary>
    public void Add(string text)
    {
        lock (gate)
        {
            SayLeftOut();
            if (leftOut > 0 || Room() < 1)
            {
                leftOut++;
                return;
            }

            room--;
            Enqueue(text);
        }

        added();
    }

    public bool IsEmpty
    {
        get
        {
            lock (gate)
                return lines.Count == 0 && !LeavesNoMoreOut;
        }
    }

    /// <summary>Moves the oldest lines of about so many bytes into the log.</summary>
    /// <returns>How many bytes they are.</returns>
    public int MoveTo(SensorLog log, int bytesMax)
    {
        lock (gate)
        {
            SayLeftOut();
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

    // Not before a second's worth fits again: otherwise every other line of a flood would count what is missing.
    bool LeavesNoMoreOut => leftOut > 0 && Room() >= LinesPerSecond;

    void SayLeftOut()
    {
        if (!LeavesNoMoreOut)
            return;

        Enqueue(string.Create(CultureInfo.InvariantCulture, $"[{leftOut:N0} lines left out: a sensor may log {LinesPerSecond} lines a second]"));
        leftOut = 0;
    }

    void Enqueue(string text)
    {
        var line = new SensorOutputLine { Time = clock.GetUtcNow().ToTimestamp(), Text = Fit(text.Replace('\0', '\uFFFD')) };
        lines.Enqueue(line);
        bytes += Cost(line);
        while (lines.Count > LinesMax || bytes > BytesMax)
        {
            bytes -= Cost(lines.Dequeue());
            dropped++;
        }
    }

    double Room()
    {
        var now = clock.GetTimestamp();
        room = Math.Min(LinesPerBurst, room + (clock.GetElapsedTime(filledAt, now).TotalSeconds * LinesPerSecond));
        filledAt = now;
        return room;
    }

    static int Cost(SensorOutputLine line) => Encoding.UTF8.GetByteCount(line.Text) + 32;

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
