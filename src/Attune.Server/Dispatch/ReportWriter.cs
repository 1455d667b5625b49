using System.Threading.Channels;
using Attune.Server.Executions;
using Attune.Server.Workflows;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Dispatch;

/// <summary>What one agent message reports, with what the session knew of each finished attempt when it arrived.</summary>
sealed record SessionReport(AgentSession Session, WorkerMessage Message, Outstanding?[] Ended);

/// <summary>
/// Writes reports: whatever arrived while one write was in flight goes into the next, over all agents. Acknowledges only after the
/// commit. A report that the database refuses for its content is written alone, so that it cannot hold back the others.
/// </summary>
sealed partial class ReportWriter(
    ReportStore store, Dispatcher dispatcher, ExecutionChanges changes, WorkflowSignals workflows, TimeProvider clock,
    ILogger<ReportWriter> logger)
    : BackgroundService
{
    const int MessagesPerCommit = 256;

    // Agents send about 1 MiB at a time; a commit of logs must not grow without bound.
    const int BytesPerCommit = 16 * 1024 * 1024;
    static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    // Full means the database is slower than the agents report: their streams then wait, and with them the agents' spools grow.
    readonly Channel<SessionReport> reports = Channel.CreateBounded<SessionReport>(
        new BoundedChannelOptions(256) { SingleReader = true });

    public ValueTask EnqueueAsync(SessionReport report, CancellationToken ct) => reports.Writer.WriteAsync(report, ct);

    /// <summary>Past the queue, for what must be committed before its session goes on. Acknowledged like any other.</summary>
    public Task WriteNowAsync(SessionReport report, CancellationToken ct) => WriteAsync([report], ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<SessionReport>(MessagesPerCommit);
        while (await reports.Reader.WaitToReadAsync(stoppingToken))
        {
            var bytes = 0;
            while (batch.Count < MessagesPerCommit && bytes < BytesPerCommit && reports.Reader.TryRead(out var report))
            {
                batch.Add(report);
                bytes += report.Message.Logs.Sum(log => log.Chunk.Content.Length);
            }

            await WriteAsync(batch, stoppingToken);
            batch.Clear();
        }
    }

    async Task WriteAsync(List<SessionReport> batch, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                var rows = ToRows(batch);
                Answer(batch, rows, await store.WriteAsync(rows, ct));
                return;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // Not acknowledged: the agents send it again to whoever serves them next.
                throw;
            }
            catch (NpgsqlException exception) when (!IsAboutContent(exception))
            {
                LogRetried(exception, batch.Count);
                await Task.Delay(RetryDelay, clock, ct);
            }
            catch (Exception exception) when (batch.Count == 1)
            {
                LogRefused(exception, batch[0].Session.Name);
                await WriteRefusedAsync(batch[0], ct);
                return;
            }
            catch (Exception exception)
            {
                LogSplit(exception, batch.Count);
                foreach (var report in batch)
                    await WriteAsync([report], ct);
                return;
            }
        }
    }

    // Anything else is about the database's health, and the same report may go through later.
    static bool IsAboutContent(NpgsqlException exception)
        => exception is PostgresException { IsTransient: false } postgres && postgres.SqlState[..2] is "22" or "23" or "54";

    // The content itself is what the database refuses (a document it cannot store): the attempt still must end, and only that one.
    async Task WriteRefusedAsync(SessionReport report, CancellationToken ct)
    {
        if (report.Message.Finished.Count > 1)
        {
            var rest = new WorkerMessage { Started = { report.Message.Started }, Logs = { report.Message.Logs } };
            await WriteAsync([report with { Message = rest, Ended = [] }], ct);
            for (var i = 0; i < report.Message.Finished.Count; i++)
                await WriteAsync([report with { Message = new() { Finished = { report.Message.Finished[i] } }, Ended = [report.Ended[i]] }], ct);
            return;
        }

        var message = report.Message.Clone();
        message.Logs.Clear();
        message.Started.Clear();
        foreach (var finished in message.Finished)
        {
            (finished.StartedAt, finished.FinishedAt) = (null, null);
            finished.Result = Google.Protobuf.ByteString.Empty;
            finished.Outcome = finished.Outcome is Outcome.Completed ? Outcome.Failed : finished.Outcome;
            finished.Error = new() { Reason = "OUTPUT_INVALID", Message = "The database cannot store this result as JSON." };
        }

        // It did run, so it is not tried again for the database's sake.
        var stripped = report with { Message = message, Ended = new Outstanding?[message.Finished.Count] };
        try
        {
            var rows = ToRows([stripped]);
            Answer([stripped], rows, await store.WriteAsync(rows, ct));
        }
        catch (Exception exception) when (!ct.IsCancellationRequested)
        {
            LogLost(exception, report.Session.Name);
            report.Session.Ended?.Invoke();
        }
    }

    ReportBatch ToRows(List<SessionReport> batch)
    {
        var rows = new ReportBatch();
        var now = clock.GetUtcNow();
        foreach (var (_, message, ended) in batch)
        {
            foreach (var log in message.Logs)
            {
                rows.Logs.Add(new(
                    log.ExecutionId, log.Chunk.Attempt, log.Chunk.Sequence, (short)log.Chunk.Stream, log.Chunk.Content.ToByteArray(),
                    log.Chunk.Time?.ToDateTimeOffset() ?? now));
            }

            foreach (var started in message.Started)
                rows.Started.Add(new(started.ExecutionId, started.Attempt, started.StartedAt?.ToDateTimeOffset() ?? now));
            for (var i = 0; i < message.Finished.Count; i++)
                rows.Finished.Add(FinishedRows.From(message.Finished[i], ended[i], now));
        }

        return rows;
    }

    void Answer(List<SessionReport> batch, ReportBatch rows, WrittenReports written)
    {
        if (written.TasksEnded)
            workflows.Wake();
        foreach (var (session, message, _) in batch)
        {
            if (message.Finished.Count == 0 && message.Logs.Count == 0)
                continue;
            session.Settle(message.Finished);
            session.Send(control => Acknowledge(control, message, written.Counted));
        }

        changes.Status.Publish(rows.Started.Select(row => row.Execution).Concat(rows.Finished.Select(row => row.Execution)));
        changes.Logs.Publish(rows.Logs.Select(row => row.Execution));
        foreach (var row in rows.Finished)
        {
            if (row.RetryAfter is { } delay)
                dispatcher.WakeAfter(delay);
        }

        if (rows.Finished.Count > 0)
            dispatcher.NoteCapacity();
    }

    static void Acknowledge(ControlMessage control, WorkerMessage message, IReadOnlySet<long> counted)
    {
        foreach (var finished in message.Finished)
        {
            control.Acks.Add(new ReportAck
            {
                ExecutionId = finished.ExecutionId,
                Attempt = finished.Attempt,
                Stale = !counted.Contains(finished.ExecutionId),
            });
        }

        foreach (var chunks in message.Logs.GroupBy(log => (log.ExecutionId, log.Chunk.Attempt)))
        {
            control.LogAcks.Add(new LogAck
            {
                ExecutionId = chunks.Key.ExecutionId,
                Attempt = chunks.Key.Attempt,
                ThroughSequence = chunks.Max(log => log.Chunk.Sequence),
            });
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Writing {Count} agent messages failed; they are tried again")]
    partial void LogRetried(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database refused {Count} agent messages; each is written alone")]
    partial void LogSplit(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused a report of agent {Agent}; its attempts end without a result")]
    partial void LogRefused(Exception exception, string agent);

    [LoggerMessage(Level = LogLevel.Error, Message = "A report of agent {Agent} could not be written at all; its stream is ended, and it brings the report again")]
    partial void LogLost(Exception exception, string agent);
}
