using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>
/// What sensors have to say on a stream: how each stands, its log, and events from the buffer. Asked for each message after results and output have their
/// place in it. Thread-safe.
/// </summary>
sealed partial class SensorOutbox(EventBuffer events, TimeProvider clock, ILogger<SensorOutbox> logger)
{
    const int LogBytesMax = 64 << 10;

    readonly Lock gate = new();
    readonly Dictionary<string, SensorReport> reports = [];
    readonly Dictionary<string, LogLines> logs = [];
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
            if (!logs.TryGetValue(sensorRef, out var log))
                logs.Add(sensorRef, log = new(clock, () => wake()));
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

    /// <summary>False: nothing was added. At least one event has its place in each message, however full that is.</summary>
    public bool AddTo(WorkerMessage message, int bytesMax)
    {
        lock (gate)
        {
            if (!streaming)
                return false;

            AddReports(message);
            AddLogs(message);
            var bytes = 0;
            while ((bytes == 0 || bytes < bytesMax) && events.Next(out var length) is { } next)
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
        var refused = ack.Refusals.ToLookup(refusal => refusal.Sequence);
        foreach (var (at, refusal) in covered.SelectMany(at => refused[at.Sequence].Select(refusal => (at, refusal))))
        {
            LogOf(at.SensorRef).Add($"[Event {at.Sequence} of {at.TriggerRef} was refused and is dropped: {refusal.Message} ({refusal.Reason})]");
            LogRefused(at.SensorRef, at.TriggerRef, refusal.Reason);
        }

        wake();
    }

    void AddReports(WorkerMessage message)
    {
        foreach (var sensorRef in unsaid)
        {
            var report = reports[sensorRef];
            message.SensorReports.Add(report);

            // The control plane knows: it is no longer assigned, or the agent drains.
            if (report.State == SensorProcessState.Stopped)
                reports.Remove(sensorRef);
        }

        unsaid.Clear();
    }

    void AddLogs(WorkerMessage message)
    {
        foreach (var (sensorRef, lines) in logs)
        {
            if (lines.IsEmpty)
                continue;

            var log = new SensorLog { SensorRef = sensorRef };
            lines.MoveTo(log, LogBytesMax / logs.Count);
            message.SensorLogs.Add(log);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The control plane refused an event of {SensorRef} ({TriggerRef}): {Reason}. The sensor's log says more")]
    partial void LogRefused(string sensorRef, string triggerRef, string reason);
}
