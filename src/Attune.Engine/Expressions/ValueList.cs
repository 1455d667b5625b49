using System.Collections;

namespace Attune.Engine.Expressions;

/// <summary>Keeps the array it gets.</summary>
sealed class ValueList : IReadOnlyList<Value>, IEquatable<ValueList>
{
    readonly Value[] items;

    public ValueList(Value[] items)
    {
        this.items = items;
        Weight = 1;
        foreach (var item in items)
            Weight += item.Weight;
    }

    public static ValueList Empty { get; } = new([]);

    public long Weight { get; }

    public int Count => items.Length;

    public Value this[int index] => items[index];

    public ReadOnlySpan<Value> Span => items;

    public bool Equals(ValueList? other) => other is not null && (ReferenceEquals(this, other) || Span.SequenceEqual(other.Span));

    public override bool Equals(object? obj) => Equals(obj as ValueList);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in items)
            hash.Add(item.GetHashCode());
        return hash.ToHashCode();
    }

    public IEnumerator<Value> GetEnumerator() => ((IEnumerable<Value>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();
}
