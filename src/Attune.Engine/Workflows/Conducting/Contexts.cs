using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <param name="Parent">-1 for the root.</param>
/// <param name="Writes">What was published here.</param>
/// <param name="HasEnded">A branch that sees it has ended, so that it counts at the end already; all above it have ended too.</param>
/// <param name="Size">Of the writes, in bytes of JSON.</param>
/// <param name="Users">Runs, arrivals and memories that are here.</param>
/// <param name="Children">How many nodes are below it.</param>
/// <param name="ChildSum">Their numbers added: of an only child its number.</param>
readonly record struct ContextNode(int Parent, ValueMap Writes, bool HasEnded, long Size, int Users, int Children, long ChildSum);

/// <summary>
/// The variables, as each branch sees them: a tree of nodes that hold what was published over what is in their parents. Branches share a
/// node until one of them writes. A node that is of no use but to its only child becomes one with it, so that cycles do not make it grow.
/// </summary>
/// <remarks>
/// Wherever branches come together, each node counts once, with the first branch that brings it: what two of them had before they forked
/// does not overwrite what one of them changed since.
/// </remarks>
sealed class Contexts
{
    public const int Root = 0;

    /// <summary>To read what there is when all has ended.</summary>
    public const int Final = -1;

    readonly Dictionary<int, ContextNode> nodes;
    readonly OrderedDictionary<string, Value> ended;

    public Contexts(ValueMap variables)
    {
        nodes = new() { [Root] = new(-1, variables, true, Stored.SizeOf(variables), 0, 0, 0) };
        (ended, NextNode, Size) = ([], 1, nodes[Root].Size);
    }

    /// <summary>As it was stored; users count themselves by <see cref="Use"/>.</summary>
    /// <exception cref="KeyNotFoundException">A parent does not stand before its child.</exception>
    public Contexts(
        ValueMap variables, ValueMap ended, int nextNode, IEnumerable<(int Number, int Parent, ValueMap Writes, bool HasEnded)> stored)
        : this(variables)
    {
        NextNode = nextNode;
        Keep(ended);
        foreach (var (number, parent, writes, hasEnded) in stored)
            Add(number, parent, writes, hasEnded);
    }

    Contexts(Contexts other)
    {
        nodes = new(other.nodes);
        (ended, NextNode, Size, Content) = (new(other.ended), other.NextNode, other.Size, other.Content);
    }

    /// <summary>What ended branches changed.</summary>
    public ValueMap Ended => ValueMap.Of([.. ended]);

    public int NextNode { get; private set; }

    /// <summary>Of all that is kept, in bytes of JSON; what a node has in common with what ended counts twice.</summary>
    public long Size { get; private set; }

    /// <summary>All that is kept takes no more bytes of JSON, when each value counts once.</summary>
    public bool FitsInto(long size) => Size <= size || Size - SharedSize() <= size;

    public ValueMap Variables => nodes[Root].Writes;

    /// <summary>All but the root, in the order of their numbers.</summary>
    public IEnumerable<(int Number, ContextNode Node)> Nodes
        => nodes.Where(node => node.Key != Root).OrderBy(node => node.Key).Select(node => (node.Key, node.Value));

    /// <summary>Another object whenever something may have been published, or have come to count at the end, since.</summary>
    public object Content { get; private set; } = new();

    /// <summary>Several branches that are not over have published something: which of them counts depends on their order.</summary>
    public bool HasSeveralOpen => nodes.Values.Where(node => !node.HasEnded).Skip(1).Any();

    public Contexts Clone() => new(this);

    public void Use(int node) => nodes[node] = nodes[node] with { Users = nodes[node].Users + 1 };

    public void Leave(int node)
    {
        nodes[node] = nodes[node] with { Users = nodes[node].Users - 1 };
        Tidy(node);
    }

    /// <summary>What a branch sees.</summary>
    public ValueMap Read(int node) => node == Final
        ? ValueMap.Of([.. nodes[Root].Writes, .. ended])
        : ValueMap.Of([.. nodes[Root].Writes, .. Path(node, Root).SelectMany(part => nodes[part].Writes)]);

    /// <summary>A user of the node publishes.</summary>
    /// <returns>The node that it uses from now on.</returns>
    public int Write(int node, ValueMap published)
    {
        if (published.Count == 0)
            return node;
        if (nodes[node] is not { Users: 1, Children: 0, HasEnded: false })
            return Fork(node, published, false);

        Replace(node, Merged(nodes[node].Writes, published));
        return node;
    }

    /// <summary>Branches become one: what they changed since they forked is applied in their order.</summary>
    /// <returns>The node of the new branch, which uses it; the others use theirs no longer.</returns>
    public int Merge(IReadOnlyList<int> branches)
    {
        var shared = branches.Aggregate(Shared);
        var seen = new HashSet<int>();
        var merged = new OrderedDictionary<string, (Value Value, bool HasEnded)>();
        foreach (var part in branches.SelectMany(branch => Path(branch, shared)).Where(seen.Add))
        {
            foreach (var (name, value) in nodes[part].Writes.Span)
                merged[name] = (value, nodes[part].HasEnded);
        }

        // What has counted at the end must not count once more.
        Use(shared);
        var own = shared;
        foreach (var hasEnded in (bool[])[true, false])
        {
            List<KeyValuePair<string, Value>> writes
                = [.. merged.Where(write => write.Value.HasEnded == hasEnded).Select(write => KeyValuePair.Create(write.Key, write.Value.Value))];
            if (writes.Count > 0)
                own = Fork(own, ValueMap.Of(writes), hasEnded);
        }

        foreach (var branch in branches)
            Leave(branch);
        return own;
    }

    /// <summary>A new branch that sees what all these, and those that ended, have changed, but has changed nothing itself.</summary>
    /// <returns>Its node, which it uses.</returns>
    public int Gather(IEnumerable<int> branches)
    {
        Use(Root);
        var changes = Changes(branches);
        return changes.Count == 0 ? Root : Fork(Root, changes, true);
    }

    /// <summary>A branch is over, and does not use its node any longer: what it changed counts at the end of the workflow.</summary>
    public void End(int node)
    {
        Conclude(node);
        Leave(node);
    }

    /// <summary>What a branch changed counts at the end of the workflow.</summary>
    public void Conclude(int node)
    {
        var path = Path(node, Root);
        foreach (var part in path)
        {
            if (nodes[part].HasEnded)
                continue;
            Content = new();
            Keep(nodes[part].Writes);
            nodes[part] = nodes[part] with { HasEnded = true };
        }

        foreach (var part in path)
        {
            if (nodes.ContainsKey(part))
                Tidy(part);
        }
    }

    /// <summary>What there would be if these branches ended now, in this order.</summary>
    public ValueMap Outlook(IEnumerable<int> branches) => Merged(nodes[Root].Writes, Changes(branches));

    ValueMap Changes(IEnumerable<int> branches)
    {
        var seen = new HashSet<int>();
        var changes = branches.SelectMany(branch => Path(branch, Root)).Where(part => !nodes[part].HasEnded && seen.Add(part));
        return ValueMap.Of([.. ended, .. changes.SelectMany(part => nodes[part].Writes)]);
    }

    // What a branch that ended has changed stands in its node too, for those who still see it.
    long SharedSize()
    {
        var size = 0L;
        foreach (var node in nodes.Values.Where(node => node is { Parent: >= 0, HasEnded: true }))
        {
            foreach (var (name, value) in node.Writes.Span)
            {
                if (ended.TryGetValue(name, out var kept) && kept == value)
                    size += Stored.SizeOf(name, value);
            }
        }

        return size;
    }

    int Fork(int node, ValueMap writes, bool hasEnded)
    {
        var own = NextNode++;
        Add(own, node, writes, hasEnded);
        Use(own);
        Leave(node);
        return own;
    }

    void Add(int number, int parent, ValueMap writes, bool hasEnded)
    {
        Content = new();
        var above = nodes[parent];
        nodes.Add(number, new(parent, writes, hasEnded, Stored.SizeOf(writes), 0, 0, 0));
        Size += nodes[number].Size;
        nodes[parent] = above with { Children = above.Children + 1, ChildSum = above.ChildSum + number };
    }

    void Replace(int number, ValueMap writes)
    {
        Content = new();
        var size = Stored.SizeOf(writes);
        Size += size - nodes[number].Size;
        nodes[number] = nodes[number] with { Writes = writes, Size = size };
    }

    void Keep(ValueMap changes)
    {
        foreach (var (name, value) in changes.Span)
        {
            if (ended.TryGetValue(name, out var before))
                Size -= Stored.SizeOf(name, before);
            ended[name] = value;
            Size += Stored.SizeOf(name, value);
        }
    }

    void Tidy(int number)
    {
        while (number != Root && nodes[number] is { Users: 0, Children: 0 or 1 } node)
        {
            var child = (int)node.ChildSum;
            if (node.Children == 1 && nodes[child].HasEnded != node.HasEnded)
                return;

            Content = new();
            nodes.Remove(number);
            Size -= node.Size;
            var above = nodes[node.Parent];
            if (node.Children == 1)
            {
                nodes[node.Parent] = above with { ChildSum = above.ChildSum - number + child };
                nodes[child] = nodes[child] with { Parent = node.Parent };
                Replace(child, Merged(node.Writes, nodes[child].Writes));
                return;
            }

            nodes[node.Parent] = above with { Children = above.Children - 1, ChildSum = above.ChildSum - number };
            number = node.Parent;
        }
    }

    // From below one to the other, downwards.
    List<int> Path(int node, int above)
    {
        var path = new List<int>();
        for (; node != above; node = nodes[node].Parent)
            path.Add(node);
        path.Reverse();
        return path;
    }

    int Shared(int one, int other)
    {
        if (one == other)
            return one;
        var above = new HashSet<int>();
        for (var node = one; node != -1; node = nodes[node].Parent)
            above.Add(node);
        while (!above.Contains(other))
            other = nodes[other].Parent;
        return other;
    }

    static ValueMap Merged(ValueMap before, ValueMap after)
        => after.Count == 0 ? before : before.Count == 0 ? after : ValueMap.Of([.. before, .. after]);
}
