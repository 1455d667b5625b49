using Attune.Server.Hosting;
using Attune.Server.Packs;
using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Events;

/// <summary>
/// Takes what happened through the rules and stores the event with its enforcements and executions in one transaction, many sources' events
/// in one commit.
/// </summary>
sealed partial class RecordEvents(
    NpgsqlDataSource db, PrepareEvent prepare, StoreEvents store, PartCatalogs catalogs, ILogger<RecordEvents> logger) : IAsyncDisposable
{
    // An event counts once for itself and once for each 16 KiB of what it writes: 32 MiB at most go into a commit.
    const int WeightPerCommit = 2000;
    const int BytesOfWeight = 16 << 10;
    const int CallsWaiting = 1000;

    const int AttemptsMax = 3;

    GroupWriter<IReadOnlyList<PreparedEvent>, IReadOnlyList<RecordedEvent>>? writer;

    GroupWriter<IReadOnlyList<PreparedEvent>, IReadOnlyList<RecordedEvent>> Writer
        => LazyInitializer.EnsureInitialized(ref writer, () => new(WriteAsync, WeightPerCommit, CallsWaiting, Weigh));

    /// <summary>Checks the payload against the trigger's schema, asks the rules and renders parameters. Stores nothing.</summary>
    public ValueTask<Result<PreparedEvent>> PrepareAsync(NewEvent happened, CancellationToken ct) => prepare.RunAsync(happened, "", ct);

    /// <summary>All in one transaction. Ends after the commit; what was started is on its way to the agents.</summary>
    /// <exception cref="NpgsqlException">The database could not be written now; nothing of it was.</exception>
    public async Task<IReadOnlyList<RecordedEvent>> StoreAsync(IReadOnlyList<PreparedEvent> events, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Commits that notify come one after the other anyway: one at a time with all that has gathered is less work.
                return events.Count == 0 ? [] : await Writer.WriteAsync(events, ct);
            }
            catch (PostgresException exception) when (attempt < AttemptsMax && IsOvertaken(exception))
            {
                // A rule, an action or a trigger was deleted between asking and storing.
                catalogs.Forget();
                LogOvertaken(exception.SqlState, events.Count);
                events = await AgainAsync(events, ct);
            }
        }
    }

    /// <summary>
    /// The same inside the caller's transaction. <see cref="StoredEvents.Deliver"/> must be called after its commit,
    /// <see cref="StoredEvents.Abandon"/> when it fails.
    /// </summary>
    public Task<StoredEvents> StoreWithinAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<PreparedEvent> events, CancellationToken ct)
        => store.RunAsync(connection, events, ct);

    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;

    async Task<IReadOnlyList<IReadOnlyList<RecordedEvent>>> WriteAsync(
        IReadOnlyList<IReadOnlyList<PreparedEvent>> calls, CancellationToken ct)
    {
        var events = calls.Count == 1 ? calls[0] : [.. calls.SelectMany(call => call)];
        await using var connection = await db.OpenConnectionAsync(ct);
        var stored = events.Any(each => each.Happened.IdempotencyKey is not null)
            ? await WriteKeyedAsync(connection, events, ct)
            // One statement is one transaction: it ends with its commit, and nobody asks for another round trip.
            : await store.RunAsync(connection, events, ct);
        stored.Deliver();
        if (calls.Count == 1)
            return [stored.Events];

        var answers = new IReadOnlyList<RecordedEvent>[calls.Count];
        var at = 0;
        for (var index = 0; index < answers.Length; index++)
        {
            answers[index] = [.. stored.Events.Skip(at).Take(calls[index].Count)];
            at += calls[index].Count;
        }

        return answers;
    }

    // Among keys there may be duplicates, which a second statement looks up: whoever is told that it failed must know that nothing was stored.
    async Task<StoredEvents> WriteKeyedAsync(NpgsqlConnection connection, IReadOnlyList<PreparedEvent> events, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var stored = await store.RunAsync(connection, events, ct);
        try
        {
            await transaction.CommitAsync(ct);
            return stored;
        }
        catch
        {
            stored.Abandon();
            throw;
        }
    }

    async Task<IReadOnlyList<PreparedEvent>> AgainAsync(IReadOnlyList<PreparedEvent> events, CancellationToken ct)
    {
        var again = new List<PreparedEvent>(events.Count);
        foreach (var prepared in events)
            again.Add((await prepare.RunAsync(prepared.Happened, "", ct)).OrThrowRpc());
        return again;
    }

    static int Weigh(IReadOnlyList<PreparedEvent> call)
    {
        var weight = 0L;
        foreach (var each in call)
            weight += 1 + (each.Length / BytesOfWeight);
        return (int)Math.Min(weight, int.MaxValue / 2);
    }

    static bool IsOvertaken(PostgresException exception)
        => exception.SqlState is PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.DeadlockDetected;

    [LoggerMessage(Level = LogLevel.Information, Message = "Storing {Count} events was overtaken by a change ({SqlState}); they are prepared anew")]
    partial void LogOvertaken(string sqlState, int count);
}
