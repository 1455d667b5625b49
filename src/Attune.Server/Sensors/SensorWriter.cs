using System.Threading.Channels;
using Attune.Server.Dispatch;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>A line for a sensor's log.</summary>
readonly record struct SensorNote(string SensorRef, DateTimeOffset Time, string Text);

/// <summary>
/// Writes how sensors' processes stand and what they log, over all of this replica's agents: whatever arrives while one write is in flight
/// goes into the next. Neither ever keeps a stream waiting.
/// </summary>
sealed partial class SensorWriter(SensorNoteStore store, TimeProvider clock, ILogger<SensorWriter> logger) : BackgroundService
{
    // Only the latest report of a sensor counts, so this is a bound on sensors.
    const int ReportsMax = 100_000;
    const int LinesPerWrite = 2_000;
    const int TextLengthMax = 8 * 1024;

    static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan BetweenWarnings = TimeSpan.FromSeconds(10);

    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    readonly Lock gate = new();
    readonly WaitingLines lines = new();
    Dictionary<(long Worker, string Sensor), SensorReport> reports = [];
    long leftOut;
    long? warnedAt;

    public void Report(AgentSession session, IEnumerable<SensorReport> arrived)
    {
        lock (gate)
        {
            foreach (var report in arrived)
            {
                if (reports.Count < ReportsMax)
                    reports[(session.WorkerId, report.SensorRef)] = report;
            }
        }

        wakeUps.Writer.TryWrite(true);
    }

    public void Log(AgentSession session, IEnumerable<SensorLog> arrived)
        => Note(session, arrived.SelectMany(log => log.Lines.Select(
            line => new SensorNote(log.SensorRef, line.Time?.ToDateTimeOffset() ?? clock.GetUtcNow(), line.Text))));

    public void Note(AgentSession session, IEnumerable<SensorNote> notes)
    {
        lock (gate)
        {
            foreach (var note in notes)
            {
                if (!lines.TryAdd(new(note.SensorRef, session.WorkerId, session.Name, note.Time, Storable(note.Text))))
                    leftOut++;
            }
        }

        wakeUps.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await wakeUps.Reader.WaitToReadAsync(stoppingToken))
        {
            wakeUps.Reader.TryRead(out _);
            while (Take() is var (someReports, someLines) && someReports.Count + someLines.Count > 0)
            {
                await RetryAsync(() => WriteReportsAsync(someReports, stoppingToken), stoppingToken);
                await RetryAsync(() => store.AppendAsync(someLines, stoppingToken), stoppingToken);
            }
        }
    }

    (Dictionary<(long Worker, string Sensor), SensorReport> Reports, List<SensorLogRow> Lines) Take()
    {
        List<SensorLogRow> someLines;
        Dictionary<(long, string), SensorReport> someReports;
        var lost = 0L;
        lock (gate)
        {
            (someReports, reports) = (reports, []);
            someLines = lines.Take(LinesPerWrite);
            if (leftOut > 0 && (warnedAt is not { } at || clock.GetElapsedTime(at) >= BetweenWarnings))
                (lost, leftOut, warnedAt) = (leftOut, 0, clock.GetTimestamp());
        }

        if (lost > 0)
            LogLeftOut(lost);
        return (someReports, someLines);
    }

    async Task WriteReportsAsync(Dictionary<(long Worker, string Sensor), SensorReport> some, CancellationToken ct)
    {
        foreach (var alert in await store.ReportAsync(some, ct))
            LogAlert(alert.Ref, alert.WorkerName, alert.FailuresInRow, alert.LastError ?? "it did not say why");
    }

    async Task RetryAsync(Func<Task> write, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await write();
                return;
            }
            catch (NpgsqlException exception) when (exception is not PostgresException { IsTransient: false })
            {
                LogRetried(exception);
                await Task.Delay(RetryDelay, clock, ct);
            }
            catch (Exception exception) when (!ct.IsCancellationRequested)
            {
                LogLost(exception);
                return;
            }
        }
    }

    static string Storable(string text)
    {
        var cut = text.Length <= TextLengthMax ? text : text[..TextLengthMax];
        return cut.Contains('\0') ? cut.Replace('\0', '\uFFFD') : cut;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert: sensor {Sensor} on agent {Agent} ended {Count} times in a row: {Error}")]
    partial void LogAlert(string sensor, string agent, int count, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sensors log faster than the database takes it; {Count} lines are left out. The sensors' logs say where")]
    partial void LogLeftOut(long count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Writing the reports and logs of sensors failed; it is tried again")]
    partial void LogRetried(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused reports or logs of sensors; they are left out")]
    partial void LogLost(Exception exception);
}
