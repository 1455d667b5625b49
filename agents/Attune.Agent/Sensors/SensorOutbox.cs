using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>
/// What sensors have to say on a stream: how each stands, its log, and events from the buffer. Asked for each message after results and output have their
/// place in it. Thread-safe.
/// </summary>
sealed partial class SensorOutbox(EventBuffer events, TimeProvider clock, ILogger<SensorOutbox> logger)
{
    // Of all sensors in one message: results and events must not wait behind logs.
    const int LogBytesMax = 64 << 10;

    readonly Lock gate = new();
    readonly Dictionary<string, SensorReport> reports = [];
    readonly Dictionary<string, LogLines> logs = [];

    // Whose log is next: a message may be full before all have had their turn.
    readonly Queue<(string SensorRef, LogLines Lines)> turns = new();
    readonly HashSet<string> unsaid = [];
    bool streaming;
    System.Action wake = () => { };

    public long WaitingEvents => events.WaitingEvents;

    public long WaitingBytes => events.WaitingBytes;

    /// <summary>Why sensors have to wait with their events; null while they do not.</summary>
    public string? Trouble => events.Trouble ?? (events.IsFull ? "full" : null);

    /// <summary>Whoever writes the stream is woken from here on when there is something to say.</summary>
    public void Attach(System.Action woken)
    {
        wake = woken;
        events.Appended = woken;
    }

    public void BeginStream()
    {
        lock (gate)
        {
            streaming = true;
            unsaid.UnionWith(reports.Keys);
            events.Rewind();
        }
    }

    public void EndStream()
    {
        lock (gate)
            streaming = false;
    }

    public LogLines LogOf(string sensorRef)
    {
        lock (gate)
        {
            if (logs.TryGetValue(sensorRef, out var log))
                return log;

            logs.Add(sensorRef, log = new(clock, () => wake()));
            turns.Enqueue((sensorRef, log));
            return log;
        }
    }

    /// <summary>Only the latest of each sensor is said, again on every stream.</summary>
    public void Say(SensorReport report)
    {
        lock (gate)
        {
            reports[report.SensorRef] = report;
            unsaid.Add(report.SensorRef);
        }

        wake();
    }

    /// <summary>
    /// False: nothing was added. At least one report, one line and one event have their place in each message, however full that is; the rest
    /// waits for the next one.
    /// </summary>
    public bool AddTo(WorkerMessage message, int bytesMax)
    {
        lock (gate)
        {
            if (!streaming)
                return false;

            var bytes = AddReports(message, bytesMax / 2);
            bytes += AddLogs(message, Math.Min(LogBytesMax, bytesMax - bytes));
            while (events.Next(message.SensorEvents.Count == 0 ? int.MaxValue : bytesMax - bytes, out var length) is { } next)
            {
                message.SensorEvents.Add(next);
                bytes += length;
            }

            return message.SensorReports.Count + message.SensorLogs.Count + message.SensorEvents.Count > 0;
        }
    }

    public void Acknowledge(SensorEventAck ack)
    {
        var covered = events.Acknowledge(ack.ThroughSequence);
        if (ack.Refusals.Count > 0)
            SayRefused(covered, ack.Refusals);
        wake();
    }

    // Once for each sensor: one that is always refused must not fill the agent's log. The control plane writes the reasons into the sensor's.
    void SayRefused(IReadOnlyList<SentEvent> covered, IEnumerable<SensorEventRefusal> refusals)
    {
        var emitters = covered.ToDictionary(sent => sent.Sequence, sent => sent.SensorRef);
        foreach (var refused in refusals.Where(each => emitters.ContainsKey(each.Sequence)).ToLookup(each => emitters[each.Sequence]))
            LogRefused(refused.Key, refused.Count(), refused.First().Reason);
    }

    int AddReports(WorkerMessage message, int bytesMax)
    {
        var bytes = 0;
        foreach (var sensorRef in unsaid.ToArray())
        {
            var report = reports[sensorRef];
            var cost = report.CalculateSize();
            if (bytes > 0 && bytes + cost > bytesMax)
                break;

            message.SensorReports.Add(report);
            unsaid.Remove(sensorRef);
            bytes += cost;

            // The control plane knows: it is no longer assigned, or the agent drains.
            if (report.State == SensorProcessState.Stopped)
                reports.Remove(sensorRef);
        }

        return bytes;
    }

    int AddLogs(WorkerMessage message, int bytesMax)
    {
        var bytes = 0;
        for (var left = turns.Count; left > 0 && (bytes == 0 || bytes < bytesMax); left--)
        {
            var turn = turns.Dequeue();
            turns.Enqueue(turn);
            if (turn.Lines.IsEmpty)
                continue;

            var log = new SensorLog { SensorRef = turn.SensorRef };
            bytes += turn.Lines.MoveTo(log, Math.Max(1, bytesMax / turns.Count));
            message.SensorLogs.Add(log);
        }

        return bytes;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events of {SensorRef} were refused by the control plane: {Count}, the first for {Reason}. The sensor's log says more")]
    partial void LogRefused(string sensorRef, int count, string reason);
}
