using System.Collections.Immutable;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>A branch that waits at a join.</summary>
/// <param name="Source">Index of the task that it comes from.</param>
/// <param name="Context">It uses that node.</param>
/// <param name="Order">Of arrivals over all joins; 0 where what it changed counts at the end already: the workflow has ended since.</param>
readonly record struct Arrival(int Source, int Context, long Order);

/// <summary>What has arrived at a join. Each source counts its arrivals; the n-th of each belong to round n.</summary>
/// <param name="Fired">Rounds that started the task.</param>
/// <param name="Counts">Arrivals by place in the task's sources.</param>
/// <param name="Waiting">Of each round after those, in order; its last one is not empty.</param>
sealed record JoinRounds(int Fired, ImmutableArray<int> Counts, ImmutableArray<ImmutableArray<Arrival>> Waiting)
{
    public static JoinRounds New(int sources) => new(0, [.. new int[sources]], []);

    /// <param name="isLate">The round that it belongs to has started the task already: nobody waits for it.</param>
    public JoinRounds WithArrival(int place, Arrival arrival, out bool isLate)
    {
        var round = Counts[place];
        var counted = this with { Counts = Counts.SetItem(place, round + 1) };
        isLate = round < Fired;
        if (isLate)
            return counted;

        var waiting = Waiting;
        while (waiting.Length <= round - Fired)
            waiting = waiting.Add([]);
        return counted with { Waiting = waiting.SetItem(round - Fired, waiting[round - Fired].Add(arrival)) };
    }

    /// <summary>The next round, when it is complete.</summary>
    public bool TryFire(int count, out JoinRounds after, out ImmutableArray<Arrival> arrived)
    {
        var isComplete = Waiting is [var first, ..] && first.Length >= count;
        (after, arrived) = isComplete ? (this with { Fired = Fired + 1, Waiting = Waiting.RemoveAt(0) }, Waiting[0]) : (this, []);
        return isComplete;
    }

    /// <summary>The workflow has ended, and so have the branches that wait.</summary>
    public JoinRounds AtEnd() => this with
    {
        Waiting = [.. Waiting.Select(round => round.Select(arrival => arrival with { Order = 0 }).ToImmutableArray())],
    };

    /// <summary>Nobody from these sources waits, or has come to the round that is next.</summary>
    public JoinRounds Without(IReadOnlyList<int> sources, IReadOnlySet<int> gone) => this with
    {
        Counts = [.. Counts.Select((count, place) => gone.Contains(sources[place]) ? Fired : count)],
        Waiting = Trimmed(Waiting.Select(round => round.RemoveAll(arrival => gone.Contains(arrival.Source)))),
    };

    static ImmutableArray<ImmutableArray<Arrival>> Trimmed(IEnumerable<ImmutableArray<Arrival>> rounds)
    {
        var waiting = rounds.ToImmutableArray();
        while (waiting is [.., { IsEmpty: true }])
            waiting = waiting.RemoveAt(waiting.Length - 1);
        return waiting;
    }
}
