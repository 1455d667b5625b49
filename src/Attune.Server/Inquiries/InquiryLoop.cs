using System.Threading.Channels;
using Attune.Server.Storage;

namespace Attune.Server.Inquiries;

/// <summary>
/// Sleeps until the next question times out or is to be told, and no longer than a minute; a new one wakes it. Every replica runs it; they
/// share what is due by locking rows. What waits for people costs nothing meanwhile.
/// </summary>
sealed partial class InquiryLoop(
    InquiryStore store, ExpireInquiries expire, TellInquiries tell, DatabaseListener listener, TimeProvider clock, ILogger<InquiryLoop> logger)
    : BackgroundService
{
    static readonly TimeSpan SleepMax = TimeSpan.FromMinutes(1);

    // When others hold what is due, or the database is away: they may die, it may come back.
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    // Room for one: a wake-up says only that there is something.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = listener.Subscribe("inquiry_created", _ => wakeUps.Writer.TryWrite(true));
        while (!stoppingToken.IsCancellationRequested)
        {
            DateTimeOffset wakeAt;
            try
            {
                wakeAt = await RunOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogRoundFailed(exception);
                wakeAt = clock.GetUtcNow() + LookAgainAfter;
            }

            await WaitAsync(wakeAt, stoppingToken);
        }
    }

    /// <returns>Until when there is nothing to do, unless something is asked.</returns>
    internal async Task<DateTimeOffset> RunOnceAsync(CancellationToken ct)
    {
        // One moment for all of it: what becomes due while this runs is for the next round, which then begins at once.
        var now = clock.GetUtcNow();
        var done = await expire.RunAsync(now, ct) + await tell.RunAsync(now, ct);
        var next = await store.FindNextDueAsync(ct);
        return next is null || next > now + SleepMax ? now + SleepMax
            : next > now || done > 0 ? next.Value
            : now + LookAgainAfter;
    }

    async Task WaitAsync(DateTimeOffset until, CancellationToken ct)
    {
        // Rounded up: an alarm that rings a fraction of a millisecond early would ring again and again.
        var left = Math.Ceiling((until - clock.GetUtcNow()).TotalMilliseconds);
        if (left <= 0)
            return;

        using var alarm = new CancellationTokenSource(TimeSpan.FromMilliseconds(left), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, alarm.Token);
        try
        {
            await wakeUps.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The alarm.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking after inquiries failed; nothing is lost, and it is tried again in a second")]
    partial void LogRoundFailed(Exception exception);
}
