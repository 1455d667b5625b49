using System.Collections.Immutable;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>An item that was begun and is not over.</summary>
/// <param name="TriesEnd">The try after the last that it may have.</param>
/// <param name="Until">When it is tried again; null while it runs.</param>
readonly record struct OpenItem(int Item, int Try, int TriesEnd, DateTimeOffset? Until)
{
    public bool IsRunning => Until is null;
}

/// <summary>An item that a person changed.</summary>
/// <param name="Value">Under which number of a run the new input or result is kept: a change of the same item is kept beside the one before.</param>
readonly record struct EditedItem(int Item, int Value);

sealed record ItemFailure(int Item, RunOutcome Outcome, TaskError Error);

/// <summary>Where a run with items stands. Its size depends on how many run at the same time, not on how many there are.</summary>
sealed record ItemsWindow
{
    /// <summary>Their errors are kept: when a person makes good for one, the next one is why the run has failed.</summary>
    const int FailuresMax = 5;

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

    public ItemSet FailedItems { get; init; } = ItemSet.Empty;

    /// <summary>The first of them in time, some at most.</summary>
    public ImmutableArray<ItemFailure> Failures { get; init; } = [];

    public ItemFailure? FirstFailure => !Failures.IsEmpty ? Failures[0]
        : Failed > 0 ? new(FailedItems.First, RunOutcome.Failed, new("FAILED", "It failed; its execution says why."))
        : null;

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
        FailedItems = FailedItems.With(failure.Item),
        Failures = Failures.Length < FailuresMax ? Failures.Add(failure) : Failures,
        IsStopped = IsStopped || stops,
    };

    public bool HasFailed(int item) => FailedItems.Contains(item);

    /// <summary>As if the item had not failed.</summary>
    public ItemsWindow Forgiven(int item) => this with
    {
        Failed = Failed - 1,
        FailedItems = FailedItems.Without(item),
        Failures = Failures.RemoveAll(failure => failure.Item == item),
    };

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
}
