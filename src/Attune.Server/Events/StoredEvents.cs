using Attune.Server.Dispatch;
using Attune.Server.Executions;

namespace Attune.Server.Events;

/// <summary>Events whose transaction is not committed yet.</summary>
sealed class StoredEvents
{
    readonly PlaceExecutions place;
    readonly NewExecution[] items;
    readonly long[] ids;
    readonly AgentSession?[] reserved;
    bool isOver;

    internal StoredEvents(
        PlaceExecutions place, NewExecution[] items, long[] ids, AgentSession?[] reserved, IReadOnlyList<RecordedEvent> events)
        => (this.place, this.items, this.ids, this.reserved, Events) = (place, items, ids, reserved, events);

    public IReadOnlyList<RecordedEvent> Events { get; }

    /// <summary>After the commit: sends what was started to its agents.</summary>
    public void Deliver()
    {
        if (isOver)
            return;
        isOver = true;
        if (items.Length > 0)
            place.Deliver(items, ids, reserved);
    }

    /// <summary>Instead of a commit: gives reserved slots back.</summary>
    public void Abandon()
    {
        if (isOver)
            return;
        isOver = true;
        PlaceExecutions.Release(reserved);
    }
}
