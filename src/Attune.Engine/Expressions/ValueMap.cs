using System.Collections;

namespace Attune.Engine.Expressions;

/// <summary>Members in their order. Few are found faster by looking at each than by hashing.</summary>
sealed class ValueMap : IReadOnlyDictionary<string, Value>, IEquatable<ValueMap>
{
    const int FewMax = 8;

    readonly KeyValuePair<string, Value>[] members;
    readonly Dictionary<string, int>? places;

    ValueMap(KeyValuePair<string, Value>[] members, Dictionary<string, int>? places)
    {
        (this.members, this.places) = (members, places);
        Weight = 1;
        foreach (var (name, value) in members)
            Weight += 1 + name.Length + value.Weight;
    }

    public static ValueMap Empty { get; } = new([], null);

    public long Weight { get; }

    public int Count => members.Length;

    public ReadOnlySpan<KeyValuePair<string, Value>> Span => members;

    public IEnumerable<string> Keys => members.Select(member => member.Key);

    public IEnumerable<Value> Values => members.Select(member => member.Value);

    public Value this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"No member '{key}'.");

    /// <summary>Of a name that comes twice, the last value counts, at the first place.</summary>
    public static ValueMap Of(List<KeyValuePair<string, Value>> members)
    {
        var places = members.Count > FewMax ? new Dictionary<string, int>(members.Count, StringComparer.Ordinal) : null;
        var count = 0;
        for (var index = 0; index < members.Count; index++)
        {
            var member = members[index];
            var place = PlaceOf(member.Key, members, count, places);
            members[place < 0 ? count : place] = member;
            if (place >= 0)
                continue;
            places?.Add(member.Key, count);
            count++;
        }

        members.RemoveRange(count, members.Count - count);
        return count == 0 ? Empty : new([.. members], places);
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, out Value value)
    {
        if (places is not null)
        {
            var found = places.TryGetValue(key, out var place);
            value = found ? members[place].Value : default;
            return found;
        }

        foreach (ref readonly var member in members.AsSpan())
        {
            if (member.Key != key)
                continue;
            value = member.Value;
            return true;
        }

        value = default;
        return false;
    }

    public bool Equals(ValueMap? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || Count != other.Count)
            return false;

        foreach (var (name, value) in members)
        {
            if (!other.TryGetValue(name, out var theirs) || value != theirs)
                return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ValueMap);

    public override int GetHashCode()
    {
        var hash = members.Length;
        foreach (var (name, value) in members)
            hash ^= HashCode.Combine(name.GetHashCode(StringComparison.Ordinal), value.GetHashCode());
        return hash;
    }

    public IEnumerator<KeyValuePair<string, Value>> GetEnumerator()
        => ((IEnumerable<KeyValuePair<string, Value>>)members).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => members.GetEnumerator();

    static int PlaceOf(string name, List<KeyValuePair<string, Value>> members, int count, Dictionary<string, int>? places)
    {
        if (places is not null)
            return places.TryGetValue(name, out var place) ? place : -1;

        for (var index = 0; index < count; index++)
        {
            if (members[index].Key == name)
                return index;
        }

        return -1;
    }
}
