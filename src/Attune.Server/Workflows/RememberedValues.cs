using System.Diagnostics.CodeAnalysis;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>Values that a run may ask for again, up to a bound; those that do not fit are read again when they are asked for.</summary>
sealed class RememberedValues
{
    const long BytesMax = 4 * 1024 * 1024;

    readonly Dictionary<ValueKey, Value> values = [];

    public long Bytes { get; private set; }

    public int Count => values.Count;

    public IEnumerable<KeyValuePair<ValueKey, Value>> All => values;

    public bool TryGet(ValueKey key, [MaybeNullWhen(false)] out Value value) => values.TryGetValue(key, out value);

    /// <param name="key">What an item list gave is not to be remembered: an edit changes it.</param>
    /// <param name="bytes">Of its JSON.</param>
    public void Add(ValueKey key, Value value, long bytes)
    {
        if (Bytes + bytes > BytesMax)
            return;
        values[key] = value;
        Bytes += bytes;
    }
}
