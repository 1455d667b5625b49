using Attune.Packs;
using Attune.Server.Hosting;

namespace Attune.Server.Events;

/// <summary>Records what a caller tells: all of it, or nothing with every mistake listed.</summary>
sealed class EmitEvents(RecordEvents record, PrepareEvent prepare)
{
    /// <param name="caller">Needs the right on each trigger's pack.</param>
    /// <param name="events">At least one.</param>
    /// <param name="pathOf">The path of the n-th event in the request, with its dot: `items[3].`.</param>
    /// <param name="ct">Ends the wait; what is queued is stored all the same.</param>
    public async Task<Result<RecordedEvent[]>> RunAsync(
        Caller caller, IReadOnlyList<NewEvent> events, Func<int, string> pathOf, CancellationToken ct)
    {
        var prepared = new PreparedEvent[events.Count];
        List<Failure>? failures = null;
        for (var i = 0; i < prepared.Length; i++)
        {
            // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
            caller.Demand("events", "emit", PackNames.PackOf(events[i].TriggerRef));
            if ((await prepare.RunAsync(events[i], pathOf(i), ct)).IsOk(out var ok, out var failure))
                prepared[i] = ok;
            else
                (failures ??= []).Add(failure);
        }

        if (failures is [var only])
            return only;
        if (failures is not null)
            return Failure.Invalid(failures[0].Reason, [.. failures.SelectMany(each => each.Violations)]) with { Kind = KindOf(failures) };
        return (await record.StoreAsync(prepared, ct)).ToArray();
    }

    static FailureKind KindOf(List<Failure> failures)
        => failures.TrueForAll(each => each.Kind == failures[0].Kind) ? failures[0].Kind : FailureKind.Invalid;
}
