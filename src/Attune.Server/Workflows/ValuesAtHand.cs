using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>What a step may look at: what is remembered of the run, and what was read for this step.</summary>
sealed class ValuesAtHand(RememberedValues remembered) : IReadOnlyDictionary<ValueKey, Value>
{
    readonly Dictionary<ValueKey, Value> brought = [];

    public Value this[ValueKey key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"{key} is not at hand.");

    public IEnumerable<ValueKey> Keys => this.Select(pair => pair.Key);

    public IEnumerable<Value> Values => this.Select(pair => pair.Value);

    public int Count => remembered.Count + brought.Keys.Count(key => !remembered.TryGet(key, out _));

    public void Add(ValueKey key, Value value) => brought[key] = value;

    public bool ContainsKey(ValueKey key) => TryGetValue(key, out _);

    public bool TryGetValue(ValueKey key, [MaybeNullWhen(false)] out Value value)
        => brought.TryGetValue(key, out value) || remembered.TryGet(key, out value);

    public IEnumerator<KeyValuePair<ValueKey, Value>> GetEnumerator()
        => brought.Concat(remembered.All.Where(pair => !brought.ContainsKey(pair.Key))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
