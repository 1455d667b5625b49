using System.Collections.Immutable;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Items <paramref name="From"/> to <paramref name="To"/>, both of them in it.</summary>
readonly record struct ItemRange(int From, int To);

/// <summary>Which items: as ranges, and as a bit for each where they are too scattered for that.</summary>
/// <param name="Ranges">Ascending, apart from each other; empty where there are bits.</param>
/// <param name="Bits">Item 0 is the lowest bit of the first byte; null where ranges do.</param>
sealed record ItemSet(ImmutableArray<ItemRange> Ranges, byte[]? Bits)
{
    /// <summary>That many take about as much room as the bits of all items that there may be.</summary>
    const int RangesMax = 1000;

    public static ItemSet Empty { get; } = new([], null);

    /// <summary>-1 where there is none.</summary>
    public int First
    {
        get
        {
            if (Bits is null)
                return Ranges.IsEmpty ? -1 : Ranges[0].From;
            var place = Array.FindIndex(Bits, each => each != 0);
            return place < 0 ? -1 : (place * 8) + int.TrailingZeroCount(Bits[place]);
        }
    }

    public bool Contains(int item) => Bits is { } bits ? item / 8 < bits.Length && (bits[item / 8] & Bit(item)) != 0 : PlaceOf(item) >= 0;

    public ItemSet With(int item)
    {
        if (Contains(item))
            return this;
        if (Bits is not null)
            return new([], Changed(Bits, item, true));

        var place = ~PlaceOf(item);
        var joinsLeft = place > 0 && Ranges[place - 1].To == item - 1;
        var joinsRight = place < Ranges.Length && Ranges[place].From == item + 1;
        return (joinsLeft, joinsRight) switch
        {
            (true, true) => new(Ranges.SetItem(place - 1, new(Ranges[place - 1].From, Ranges[place].To)).RemoveAt(place), null),
            (true, false) => new(Ranges.SetItem(place - 1, Ranges[place - 1] with { To = item }), null),
            (false, true) => new(Ranges.SetItem(place, Ranges[place] with { From = item }), null),
            _ => Fitting(Ranges.Insert(place, new(item, item))),
        };
    }

    public ItemSet Without(int item)
    {
        if (!Contains(item))
            return this;
        if (Bits is not null)
            return new([], Changed(Bits, item, false));

        var place = PlaceOf(item);
        var range = Ranges[place];
        var rest = Ranges.RemoveAt(place);
        if (item < range.To)
            rest = rest.Insert(place, new(item + 1, range.To));
        return Fitting(item > range.From ? rest.Insert(place, new(range.From, item - 1)) : rest);
    }

    static ItemSet Fitting(ImmutableArray<ItemRange> ranges)
    {
        if (ranges.Length <= RangesMax)
            return new(ranges, null);

        var bits = new byte[(ranges[^1].To / 8) + 1];
        foreach (var range in ranges)
        {
            for (var item = range.From; item <= range.To; item++)
                bits[item / 8] |= Bit(item);
        }

        return new([], bits);
    }

    static byte[] Changed(byte[] bits, int item, bool isIn)
    {
        var changed = new byte[Math.Max(bits.Length, (item / 8) + 1)];
        bits.CopyTo(changed, 0);
        if (isIn)
            changed[item / 8] |= Bit(item);
        else
            changed[item / 8] &= (byte)~Bit(item);
        return changed;
    }

    static byte Bit(int item) => (byte)(1 << (item % 8));

    int PlaceOf(int item)
    {
        var (low, high) = (0, Ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Ranges[middle].From <= item && item <= Ranges[middle].To)
                return middle;
            (low, high) = Ranges[middle].To < item ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
