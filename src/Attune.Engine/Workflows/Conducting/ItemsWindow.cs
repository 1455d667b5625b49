using System.Collections.Immutable;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>An item that was begun and is not over.</summary>
/// <param name="TriesEnd">The try after the last that it may have.</param>
/// <param name="Until">When it is tried again; null while it runs.</param>
readonly record struct OpenItem(int Item, int Try, int TriesEnd, DateTimeOffset? Until)
{
    public bool IsRunning => Until is null;
}

/// <summary>Items <paramref name="From"/> to <paramref name="To"/>, both of them in it.</summary>
readonly record struct ItemRange(int From, int To);

/// <summary>An item that a person changed.</summary>
/// <param name="Value">Under which number of a run the new input or result is kept: a change of the same item is kept beside the one before.</param>
readonly record struct EditedItem(int Item, int Value);

sealed record ItemFailure(int Item, RunOutcome Outcome, TaskError Error);

/// <summary>Where a run with items stands. Its size depends on how many run at the same time, not on how many there are.</summary>
sealed record ItemsWindow
{
    /// <summary>Only a person who edits an item asks which ones failed; where failures are more scattered than this, it is forgotten.</summary>
    const int RangesMax = 1000;

    public required int Total { get; init; }

    /// <summary>At most so many are open.</summary>
    public required int Concurrency { get; init; }

    /// <summary>0 without waves.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The first that was not begun.</summary>
    public int Next { get; init; }
    public int Completed { get; init; }
    public int Failed { get; init; }

    /// <summary>Ascending.</summary>
    public ImmutableArray<OpenItem> Open { get; init; } = [];

    /// <summary>Ascending, apart from each other.</summary>
    public ImmutableArray<ItemRange> FailedRanges { get; init; } = [];

    /// <summary>In time.</summary>
    public ItemFailure? FirstFailure { get; init; }

    /// <summary>No further item is begun.</summary>
    public bool IsStopped { get; init; }

    /// <summary>Ascending.</summary>
    public ImmutableArray<EditedItem> Results { get; init; } = [];

    /// <summary>Ascending.</summary>
    public ImmutableArray<EditedItem> Inputs { get; init; } = [];

    /// <summary>Counts the times that the run was taken up again; tries go on counting.</summary>
    public int Round { get; init; }

    public bool IsOver => Open.IsEmpty && (IsStopped || Next == Total);

    public int RunningCount => Open.Count(open => open.IsRunning);

    // A wave begins when the one before has ended: all that is open is of one.
    public bool MayBegin => !IsStopped && Next < Total && Open.Length < Concurrency && (Open.IsEmpty || BatchOf(Open[0].Item) == BatchOf(Next));

    public int BatchOf(int item) => BatchSize == 0 ? 0 : item / BatchSize;

    public OpenItem? Find(int item) => PlaceOf(item) is >= 0 and var place ? Open[place] : null;

    public ItemsWindow With(OpenItem open)
    {
        var place = PlaceOf(open.Item);
        return this with { Open = place >= 0 ? Open.SetItem(place, open) : Open.Insert(~place, open) };
    }

    public ItemsWindow Without(int item) => this with { Open = Open.RemoveAt(PlaceOf(item)) };

    /// <summary>An item that was open, or that comes next, has failed for good.</summary>
    public ItemsWindow WithFailure(ItemFailure failure, bool stops) => this with
    {
        Failed = Failed + 1,
        FailedRanges = Added(FailedRanges, failure.Item),
        FirstFailure = FirstFailure ?? failure,
        IsStopped = IsStopped || stops,
    };

    public bool HasFailed(int item) => RangeOf(FailedRanges, item) >= 0;

    /// <summary>As if the item had not failed.</summary>
    public ItemsWindow Forgiven(int item)
    {
        var ranges = Removed(FailedRanges, item);
        return this with
        {
            Failed = Failed - 1,
            FailedRanges = ranges,
            FirstFailure = FirstFailure?.Item != item ? FirstFailure
                : ranges.IsEmpty ? null
                : new(ranges[0].From, RunOutcome.Failed, new("FAILED", "It failed.")),
        };
    }

    public static ImmutableArray<EditedItem> Edited(ImmutableArray<EditedItem> items, EditedItem edited)
        => [.. items.Where(each => each.Item != edited.Item).Append(edited).OrderBy(each => each.Item)];

    public static int? EditOf(ImmutableArray<EditedItem> items, int item)
    {
        foreach (var edited in items)
        {
            if (edited.Item == item)
                return edited.Value;
        }

        return null;
    }

    int PlaceOf(int item)
    {
        var (low, high) = (0, Open.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Open[middle].Item == item)
                return middle;
            (low, high) = Open[middle].Item < item ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    static int RangeOf(ImmutableArray<ItemRange> ranges, int item)
    {
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].From <= item && item <= ranges[middle].To)
                return middle;
            (low, high) = ranges[middle].To < item ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    static ImmutableArray<ItemRange> Added(ImmutableArray<ItemRange> ranges, int item)
    {
        var place = ~RangeOf(ranges, item);
        if (place < 0)
            return ranges;

        var joinsLeft = place > 0 && ranges[place - 1].To == item - 1;
        var joinsRight = place < ranges.Length && ranges[place].From == item + 1;
        return (joinsLeft, joinsRight) switch
        {
            (true, true) => ranges.SetItem(place - 1, new(ranges[place - 1].From, ranges[place].To)).RemoveAt(place),
            (true, false) => ranges.SetItem(place - 1, ranges[place - 1] with { To = item }),
            (false, true) => ranges.SetItem(place, ranges[place] with { From = item }),
            _ => ranges.Length < RangesMax ? ranges.Insert(place, new(item, item)) : ranges,
        };
    }

    static ImmutableArray<ItemRange> Removed(ImmutableArray<ItemRange> ranges, int item)
    {
        var place = RangeOf(ranges, item);
        if (place < 0)
            return ranges;

        var range = ranges[place];
        var rest = ranges.RemoveAt(place);
        if (item < range.To)
            rest = rest.Insert(place, new(item + 1, range.To));
        return item > range.From ? rest.Insert(place, new(range.From, item - 1)) : rest;
    }
}
