using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>
/// Carries workflows on as soon as something happens to one of them: told by whoever commits it here, by NOTIFY from other replicas, and by
/// the time that a run waits for. While others hold something to which more happened, it also looks each second; otherwise hardly ever, however many
/// workflows there are that wait for people or are paused. Every replica runs it; they share runs by locking rows.
/// </summary>
sealed partial class ConductLoop(
    ConductWorkflows conduct, WorkflowSignals signals, PackConfigs packs, DatabaseListener listener, NpgsqlDataSource db, TimeProvider clock,
    ILogger<ConductLoop> logger) : BackgroundService
{
    // One decides and writes while the other's transaction is on its way.
    const int Lanes = 2;

    static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(10);
    static readonly TimeSpan SweepAfter = TimeSpan.FromMinutes(1);

    // Whose workflow was deleted in the meantime.
    const string DeleteOrphans = """
        delete from workflow_happening h
        where h.created < @before
          and not exists (
              select
              from workflow_execution w
              where w.id = h.workflow_execution
          )
        """;

    long sweepAtTicks;

    /// <summary>Rounds that were begun, with or without something to do.</summary>
    internal long Rounds => Interlocked.Read(ref rounds);

    long rounds;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var happened = listener.Subscribe("workflow_happened", _ => signals.Wake());
        using var changed = listener.Subscribe("attune_notifications", payload =>
        {
            if (payload is null || payload.Contains("\"pack\"", StringComparison.Ordinal))
                packs.Forget();
        });
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => RunLaneAsync(stoppingToken)));
    }

    async Task RunLaneAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                Interlocked.Increment(ref rounds);
                await SweepAsync(ct);
                var round = await conduct.RunAsync(ct);

                // The other lane may have time.
                if (round.IsFull)
                    signals.Wake();
                await signals.WaitAsync(SleepAfter(round, clock.GetUtcNow()), clock, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogRoundFailed(exception);
                await Task.Delay(LookAgainAfter, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // Whoever was told of more that happened to what was held here passed over it, and waits. So who held something looks again at once.
    static TimeSpan SleepAfter(ConductRound round, DateTimeOffset now)
    {
        if (round.IsFull || round.Taken > 0)
            return TimeSpan.Zero;

        var limit = round.Left ? LookAgainAfter : LookAfter;
        return round.NextWakeAt - now is { } wait && wait < limit ? wait : limit;
    }

    // However much there is to do: what belongs to nothing stands before what does.
    async Task SweepAsync(CancellationToken ct)
    {
        var (now, due) = (clock.GetUtcNow(), Interlocked.Read(ref sweepAtTicks));
        if (now.Ticks < due || Interlocked.CompareExchange(ref sweepAtTicks, (now + SweepAfter).Ticks, due) != due)
            return;

        await using var command = db.CreateCommand(DeleteOrphans);
        command.Parameters.AddWithValue("before", now - SweepAfter);
        await command.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Carrying workflows on failed; nothing is lost, and it is tried again in a second")]
    partial void LogRoundFailed(Exception exception);
}
