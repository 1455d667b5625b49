using Attune.Server.Hosting;
using Npgsql;

namespace Attune.Server.Events;

/// <summary>
/// Takes what happened through the rules and stores the event with its enforcements and executions in one transaction, many sources' events
/// in one commit.
/// </summary>
sealed class RecordEvents
{
    /// <summary>Checks the payload against the trigger's schema, asks the rules and renders parameters. Stores nothing.</summary>
    public ValueTask<Result<PreparedEvent>> PrepareAsync(NewEvent happened, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>All in one transaction. Ends after the commit; what was started is on its way to the agents.</summary>
    public Task<IReadOnlyList<RecordedEvent>> StoreAsync(IReadOnlyList<PreparedEvent> events, CancellationToken ct) => throw new NotImplementedException();

    /// <summary>
    /// The same inside the caller's transaction. <see cref="StoredEvents.Deliver"/> must be called after its commit,
    /// <see cref="StoredEvents.Abandon"/> when it fails.
    /// </summary>
    public Task<StoredEvents> StoreWithinAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<PreparedEvent> events, CancellationToken ct)
        => throw new NotImplementedException();
}

/// <summary>An event with what the rules made of it, not yet stored.</summary>
sealed record PreparedEvent
{
    public required NewEvent Happened { get; init; }
}

/// <summary>Events whose transaction is not committed yet.</summary>
sealed class StoredEvents
{
    public IReadOnlyList<RecordedEvent> Events => throw new NotImplementedException();

    /// <summary>After the commit: sends what was started to its agents.</summary>
    public void Deliver() => throw new NotImplementedException();

    /// <summary>Instead of a commit: gives reserved slots back.</summary>
    public void Abandon() => throw new NotImplementedException();
}
