using System.Runtime.CompilerServices;
using Attune.Server.Hosting;
using Attune.V1;

namespace Attune.Server.Feed;

/// <summary>From a position on: what is in the table, then what is in the tail, and the table again whenever the tail has gone ahead.</summary>
sealed class WatchFeed(FeedStore store, FeedTail tail, TimeProvider clock)
{
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    // A message stays far below the 4 MB that clients take; a row has at most as many.
    const int ChangesPerMessage = 1000;

    static readonly Failure Expired = new(
        FailureKind.Refused, "CURSOR_EXPIRED",
        "What followed this cursor is no longer kept (Feed:Retention). Read the present state anew and watch without a cursor.");

    /// <summary>The first message has only the cursor. Goes on until cancelled, or until a failure.</summary>
    /// <param name="from">Null: from now on.</param>
    /// <param name="filter">What is sent.</param>
    /// <param name="ct">Ends it.</param>
    public async IAsyncEnumerable<Result<WatchResponse>> RunAsync(
        long? from, FeedFilter filter, [EnumeratorCancellation] CancellationToken ct)
    {
        using var watching = tail.Enter();

        // What was committed before this call gets its position before the end is read: "now" is a line between commits.
        await store.GivePositionsAsync(ct);
        var bounds = await store.ReadBoundsAsync(ct);
        var last = from ?? bounds.Last;
        if (last > bounds.Last || last < bounds.First - 1)
        {
            yield return Expired;
            yield break;
        }

        var message = new WatchResponse();
        yield return Sent();
        var sentAt = clock.GetTimestamp();
        while (true)
        {
            var (kept, changed) = tail.Look(last);
            var rows = kept ?? await store.ReadAfterAsync(last, ct);
            if (rows.Count > 0 && rows[0].Position != last + 1)
            {
                yield return Expired;
                yield break;
            }

            foreach (var row in rows)
            {
                if (message.Changes.Count + row.Ids.Length > ChangesPerMessage && message.Changes.Count > 0)
                    yield return Sent();
                filter.Select(row, message.Changes);
                last = row.Position;
            }

            if (message.Changes.Count > 0)
            {
                yield return Sent();
                sentAt = clock.GetTimestamp();
            }
            else if (clock.GetElapsedTime(sentAt) >= KeepAlive)
            {
                yield return Sent();
                sentAt = clock.GetTimestamp();
            }
            else if (rows.Count == 0)
            {
                await ChangedAsync(changed, KeepAlive - clock.GetElapsedTime(sentAt), ct);
            }
        }

        WatchResponse Sent()
        {
            var sent = message;
            sent.Cursor = FeedCursor.Write(last);
            message = new();
            return sent;
        }
    }

    async Task ChangedAsync(Task changed, TimeSpan atMost, CancellationToken ct)
    {
        using var quiet = new CancellationTokenSource(atMost, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, quiet.Token);
        try
        {
            await changed.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Time for a keep-alive.
        }
    }
}
