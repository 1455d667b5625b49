using System.Diagnostics.CodeAnalysis;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>
/// Values that a run may ask for again, up to a bound: the oldest make room, and what is gone is read again when it is asked for. Lists of
/// items have a bound of their own, for each item asks for the whole list.
/// </summary>
sealed class RememberedValues
{
    public const long BytesMax = 4 * 1024 * 1024;
    public const long ListBytesMax = 64 * 1024 * 1024;

    readonly Shelf lists = new(ListBytesMax);
    readonly Shelf others = new(BytesMax);

    public long Bytes => lists.Bytes + others.Bytes;

    public int Count => lists.Count + others.Count;

    public IEnumerable<KeyValuePair<ValueKey, Value>> All => lists.All.Concat(others.All);

    public bool TryGet(ValueKey key, [MaybeNullWhen(false)] out Value value) => ShelfOf(key).TryGet(key, out value);

    /// <summary>Whether adding it makes it stay.</summary>
    public static bool Fits(ValueKey key, long bytes) => bytes <= (key.Kind is KeptKind.Items ? ListBytesMax : BytesMax);

    /// <summary>In the place of what the key meant before, even where the new value is too large to stay.</summary>
    /// <param name="key">What an item list gave is not to be remembered: an edit changes it.</param>
    /// <param name="bytes">Of its JSON.</param>
    public void Add(ValueKey key, Value value, long bytes) => ShelfOf(key).Add(key, value, bytes);

    Shelf ShelfOf(ValueKey key) => key.Kind is KeptKind.Items ? lists : others;

    sealed class Shelf(long bytesMax)
    {
        readonly Dictionary<ValueKey, LinkedListNode<(ValueKey Key, Value Value, long Bytes)>> byKey = [];
        readonly LinkedList<(ValueKey Key, Value Value, long Bytes)> oldestFirst = new();

        public long Bytes { get; private set; }

        public int Count => byKey.Count;

        public IEnumerable<KeyValuePair<ValueKey, Value>> All => oldestFirst.Select(each => KeyValuePair.Create(each.Key, each.Value));

        public bool TryGet(ValueKey key, [MaybeNullWhen(false)] out Value value)
        {
            var known = byKey.TryGetValue(key, out var node);
            value = known ? node!.Value.Value : default;
            return known;
        }

        public void Add(ValueKey key, Value value, long bytes)
        {
            if (byKey.TryGetValue(key, out var known))
                Remove(known);
            if (bytes > bytesMax)
                return;
            while (Bytes + bytes > bytesMax)
                Remove(oldestFirst.First!);
            byKey[key] = oldestFirst.AddLast((key, value, bytes));
            Bytes += bytes;
        }

        void Remove(LinkedListNode<(ValueKey Key, Value Value, long Bytes)> node)
        {
            oldestFirst.Remove(node);
            byKey.Remove(node.Value.Key);
            Bytes -= node.Value.Bytes;
        }
    }
}
