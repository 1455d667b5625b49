using System.Globalization;

namespace Attune.Server.Sensors;

/// <summary>
/// Lines of sensors' logs until they are written, in order for each sensor. Each has a share of the room, so a chatty one takes it from nobody else; what finds
/// none is left out, and a line in its place counts it. Not thread-safe.
/// </summary>
sealed class WaitingLines
{
    /// <summary>Of one sensor; fewer where many sensors wait.</summary>
    public const int LinesPerSensor = 2_000;

    const int LinesShared = 10_000;

    // Shares were wider while fewer waited, so all of them together may hold more; from here on each has room for one line.
    const int LinesMax = 2 * LinesShared;

    // The names come from agents, so there is a bound on them too.
    const int SensorsMax = 10_000;

    readonly Dictionary<(long Worker, string Sensor), Share> shares = [];
    readonly Queue<Share> turns = new();
    int waiting;

    /// <summary>False: it was left out.</summary>
    public bool TryAdd(SensorLogRow row)
    {
        var key = (row.Worker, row.SensorRef);
        if (!shares.TryGetValue(key, out var share))
        {
            if (shares.Count >= SensorsMax)
                return false;

            shares.Add(key, share = new());
            turns.Enqueue(share);
        }

        var before = share.Count;
        var isAdded = share.TryAdd(row, waiting >= LinesMax ? 1 : Math.Min(LinesPerSensor, LinesShared / shares.Count));
        waiting += share.Count - before;
        return isAdded;
    }

    /// <summary>The oldest lines of all sensors that wait, as equally as they can be given.</summary>
    public List<SensorLogRow> Take(int linesMax)
    {
        var taken = new List<SensorLogRow>();
        while (taken.Count < linesMax && turns.TryDequeue(out var share))
        {
            waiting -= share.Count;
            if (share.MoveTo(taken, Math.Max(1, (linesMax - taken.Count) / (turns.Count + 1))) is { } emptied)
                shares.Remove((emptied.Worker, emptied.SensorRef));
            else
                turns.Enqueue(share);
            waiting += share.Count;
        }

        return taken;
    }

    sealed class Share
    {
        readonly Queue<SensorLogRow> lines = new();
        SensorLogRow last;
        int leftOut;

        public int Count => lines.Count;

        public bool TryAdd(SensorLogRow row, int linesMax)
        {
            if (lines.Count >= linesMax)
            {
                last = row;
                leftOut++;
                return false;
            }

            if (leftOut > 0)
                lines.Enqueue(TakeGap());
            lines.Enqueue(row);
            return true;
        }

        /// <summary>The last line, where no other waits.</summary>
        public SensorLogRow? MoveTo(List<SensorLogRow> taken, int linesMax)
        {
            for (; linesMax > 0 && lines.TryDequeue(out var row); linesMax--)
                taken.Add(row);
            if (lines.Count > 0)
                return null;
            if (leftOut > 0)
                taken.Add(TakeGap());
            return taken[^1];
        }

        SensorLogRow TakeGap()
        {
            var gap = last with
            {
                Text = string.Create(CultureInfo.InvariantCulture, $"attune: … {leftOut:N0} lines left out: they came faster than the database takes them"),
            };
            leftOut = 0;
            return gap;
        }
    }
}
