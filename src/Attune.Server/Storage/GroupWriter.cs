using System.Threading.Channels;
using Npgsql;

namespace Attune.Server.Storage;

/// <summary>
/// Group commit: whatever is queued while one write is in flight goes into the next, so one item waits for nobody and a
/// flood pays one commit for hundreds. A caller continues after the commit that holds its item.
/// </summary>
public sealed class GroupWriter<TItem, TResult> : IAsyncDisposable
{
    static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);

    readonly Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> write;
    readonly Func<TItem, int> weigh;
    readonly Channel<Queued> queue;
    readonly Queued[] batch;
    readonly TItem[] items;
    readonly CancellationTokenSource abandoned = new();
    readonly Task loop;

    /// <param name="write">Writes a batch in one transaction and answers one result per item, in order. It must not keep the list.</param>
    /// <param name="batchMax">Items per write at most.</param>
    /// <param name="capacity">Items that may wait. Full means the database is slower than the callers, who then wait too.</param>
    /// <param name="weigh">For how many an item counts in a batch, at least 1; a heavier one than the batch goes alone. Null: each for one.</param>
    public GroupWriter(
        Func<IReadOnlyList<TItem>, CancellationToken, Task<IReadOnlyList<TResult>>> write, int batchMax = 500, int capacity = 10_000,
        Func<TItem, int>? weigh = null)
    {
        (this.write, this.weigh) = (write, weigh ?? (_ => 1));
        (batch, items) = (new Queued[batchMax], new TItem[batchMax]);
        queue = Channel.CreateBounded<Queued>(new BoundedChannelOptions(capacity) { SingleReader = true });
        loop = RunAsync();
    }

    /// <summary>Waits for the commit. Cancelling stops the waiting; a queued item is written all the same.</summary>
    /// <exception cref="NpgsqlException">The database could not be written now; nothing of the item's batch was.</exception>
    /// <exception cref="ChannelClosedException">The writer has stopped.</exception>
    public async ValueTask<TResult> WriteAsync(TItem item, CancellationToken ct)
    {
        var completion = new Completion(count: 1);
        await queue.Writer.WriteAsync(new(item, completion, 0), ct);
        var results = await completion.Task.WaitAsync(ct);
        return results[0];
    }

    /// <summary>
    /// As one call per item, with one wait. The items may be split over several transactions: when one fails, the
    /// first failure is thrown after all the others have been tried.
    /// </summary>
    public async ValueTask<IReadOnlyList<TResult>> WriteAsync(IReadOnlyList<TItem> many, CancellationToken ct)
    {
        if (many.Count == 0)
            return [];

        var completion = new Completion(many.Count);
        for (var index = 0; index < many.Count; index++)
        {
            var queued = new Queued(many[index], completion, index);
            if (!queue.Writer.TryWrite(queued))
                await queue.Writer.WriteAsync(queued, ct);
        }

        return await completion.Task.WaitAsync(ct);
    }

    /// <summary>Takes nothing more and writes what is queued; when the token is cancelled, the rest fails instead.</summary>
    public async Task StopAsync(CancellationToken ct)
    {
        queue.Writer.TryComplete();
        await using var registration = ct.Register(abandoned.Cancel);
        await loop;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(DrainTimeout, TimeProvider.System);
        await StopAsync(patience.Token);
        abandoned.Dispose();
    }

    async Task RunAsync()
    {
        while (await queue.Reader.WaitToReadAsync())
        {
            var (count, weight) = (0, 0);
            while (weight < batch.Length && queue.Reader.TryPeek(out var next))
            {
                weight += weigh(next.Item);
                if (count > 0 && weight > batch.Length)
                    break;
                (batch[count], items[count]) = (next, next.Item);
                queue.Reader.TryRead(out _);
                count++;
            }

            await WriteBatchAsync(0, count);
            Array.Clear(batch, 0, count);
            Array.Clear(items, 0, count);
        }
    }

    async Task WriteBatchAsync(int start, int count)
    {
        try
        {
            var results = await write(new ArraySegment<TItem>(items, start, count), abandoned.Token);
            if (results.Count != count)
                throw new InvalidOperationException($"A write of {count} items answered {results.Count} results.");

            for (var index = 0; index < count; index++)
                batch[start + index].Succeed(results[index]);
        }
        catch (Exception exception) when (count > 1 && IsAboutAnItem(exception))
        {
            // Nothing was committed. Halving finds the poisoned item in few writes and lets the others through.
            var half = count / 2;
            await WriteBatchAsync(start, half);
            await WriteBatchAsync(start + half, count - half);
        }
        catch (Exception exception)
        {
            for (var index = 0; index < count; index++)
                batch[start + index].Fail(exception);
        }
    }

    /// <summary>Not about the database's health, which the next write would meet too: bad data, a broken constraint, a raised refusal.</summary>
    static bool IsAboutAnItem(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState[..2] is "21" or "22" or "23" or "54" or "P0",
        NpgsqlException or OperationCanceledException or ObjectDisposedException or InvalidOperationException => false,
        _ => true,
    };

    readonly record struct Queued(TItem Item, Completion Completion, int Index)
    {
        public void Succeed(TResult result) => Completion.Set(Index, result);

        public void Fail(Exception exception) => Completion.Fail(exception);
    }

    /// <summary>What one call waits for. Only the loop touches it before it completes.</summary>
    sealed class Completion(int count) : TaskCompletionSource<TResult[]>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        readonly TResult[] results = new TResult[count];
        int open = count;
        Exception? failure;

        public void Set(int index, TResult result)
        {
            results[index] = result;
            Close();
        }

        public void Fail(Exception exception)
        {
            failure ??= exception;
            Close();
        }

        void Close()
        {
            if (--open > 0)
                return;

            if (failure is null)
                SetResult(results);
            else
                SetException(failure);
        }
    }
}
