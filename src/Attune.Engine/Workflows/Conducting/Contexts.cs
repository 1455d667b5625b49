using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <param name="Parent">-1 for the root.</param>
/// <param name="Writes">What was published here.</param>
/// <param name="Size">Of those, in bytes of JSON.</param>
/// <param name="Users">Runs and arrivals that read and write here.</param>
/// <param name="Children">How many nodes are below it.</param>
/// <param name="ChildSum">Their numbers added: of an only child its number.</param>
readonly record struct ContextNode(int Parent, ValueMap Writes, long Size, int Users, int Children, long ChildSum);

/// <summary>
/// The variables, as each branch sees them: a tree of nodes that hold what was published over what is in their parents. Branches share a
/// node until one of them writes. A node that is of no use but to its only child becomes one with it, so that cycles do not make it grow.
/// </summary>
sealed class Contexts
{
    public const int Root = 0;

    readonly Dictionary<int, ContextNode> nodes;
    readonly OrderedDictionary<string, Value> ended;

    public Contexts(ValueMap variables)
    {
        nodes = new() { [Root] = new(-1, variables, Stored.SizeOf(variables), 0, 0, 0) };
        (ended, NextNode, Size) = ([], 1, nodes[Root].Size);
    }

    /// <summary>As it was stored; users count themselves by <see cref="Use"/>.</summary>
    /// <exception cref="KeyNotFoundException">A parent does not stand before its child.</exception>
    public Contexts(ValueMap variables, ValueMap ended, int nextNode, IEnumerable<(int Number, int Parent, ValueMap Writes)> stored)
        : this(variables)
    {
        NextNode = nextNode;
        Keep(ended);
        foreach (var (number, parent, writes) in stored)
            Add(number, parent, writes);
    }

    Contexts(Contexts other)
    {
        nodes = new(other.nodes);
        (ended, NextNode, Size) = (new(other.ended), other.NextNode, other.Size);
    }

    /// <summary>What ended branches changed.</summary>
    public ValueMap Ended => ValueMap.Of([.. ended]);

    public int NextNode { get; private set; }

    /// <summary>Of all that is kept, in bytes of JSON.</summary>
    public long Size { get; private set; }

    public ValueMap Variables => nodes[Root].Writes;

    /// <summary>All but the root, in the order of their numbers.</summary>
    public IEnumerable<(int Number, ContextNode Node)> Nodes
        => nodes.Where(node => node.Key != Root).OrderBy(node => node.Key).Select(node => (node.Key, node.Value));

    public Contexts Clone() => new(this);

    public bool Has(int node) => nodes.ContainsKey(node);

    public void Use(int node) => nodes[node] = nodes[node] with { Users = nodes[node].Users + 1 };

    public void Leave(int node)
    {
        nodes[node] = nodes[node] with { Users = nodes[node].Users - 1 };
        Tidy(node);
    }

    /// <summary>What a branch sees.</summary>
    public ValueMap Read(int node) => Merged(nodes[Root].Writes, Changes(node, Root));

    /// <summary>A user of the node publishes.</summary>
    /// <returns>The node that it uses from now on.</returns>
    public int Write(int node, ValueMap published)
    {
        if (published.Count == 0)
            return node;
        if (node != Root && nodes[node] is { Users: 1, Children: 0 })
        {
            Replace(node, Merged(nodes[node].Writes, published));
            return node;
        }

        var own = NextNode++;
        Add(own, node, published);
        Use(own);
        Leave(node);
        return own;
    }

    /// <summary>Branches become one: what they changed since they forked is applied in their order.</summary>
    /// <returns>The node of the new branch, which uses it; the arrivals use theirs no longer.</returns>
    public int Merge(IReadOnlyList<int> branches)
    {
        var shared = branches.Aggregate(Shared);
        var changes = ValueMap.Of([.. branches.SelectMany(branch => Changes(branch, shared))]);
        Use(shared);
        var own = Write(shared, changes);
        foreach (var branch in branches)
            Leave(branch);
        return own;
    }

    /// <summary>A branch is over: what it changed counts at the end of the workflow.</summary>
    public void End(int node)
    {
        Keep(Changes(node, Root));
        Leave(node);
    }

    /// <summary>What there would be if these branches ended now, in this order.</summary>
    public ValueMap Outlook(IEnumerable<int> branches)
        => ValueMap.Of([.. nodes[Root].Writes, .. ended, .. branches.Distinct().SelectMany(branch => Changes(branch, Root))]);

    /// <summary>A new branch that sees what all these, and those that ended, have changed; it changed all that itself.</summary>
    /// <returns>Its node, which it uses.</returns>
    public int Gather(IEnumerable<int> branches)
    {
        Use(Root);
        return Write(Root, ValueMap.Of([.. ended, .. branches.Distinct().SelectMany(branch => Changes(branch, Root))]));
    }

    void Add(int number, int parent, ValueMap writes)
    {
        nodes[number] = new(parent, writes, Stored.SizeOf(writes), 0, 0, 0);
        Size += nodes[number].Size;
        var above = nodes[parent];
        nodes[parent] = above with { Children = above.Children + 1, ChildSum = above.ChildSum + number };
    }

    void Replace(int number, ValueMap writes)
    {
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
            nodes.Remove(number);
            Size -= node.Size;
            var above = nodes[node.Parent];
            if (node.Children == 1)
            {
                var child = (int)node.ChildSum;
                nodes[node.Parent] = above with { ChildSum = above.ChildSum - number + child };
                nodes[child] = nodes[child] with { Parent = node.Parent };
                Replace(child, Merged(node.Writes, nodes[child].Writes));
                return;
            }

            nodes[node.Parent] = above with { Children = above.Children - 1, ChildSum = above.ChildSum - number };
            number = node.Parent;
        }
    }

    // What was published between a node and one above it; without those above that one.
    ValueMap Changes(int node, int above)
    {
        var path = new List<ValueMap>();
        for (; node != above; node = nodes[node].Parent)
            path.Add(nodes[node].Writes);
        path.Reverse();
        return path.Count == 0 ? ValueMap.Empty : path.Aggregate(Merged);
    }

    int Shared(int one, int other)
    {
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
