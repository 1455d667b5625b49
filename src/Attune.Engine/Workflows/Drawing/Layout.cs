namespace Attune.Engine.Workflows.Drawing;

/// <summary>A box of the layout; also a bend of a line, which has no width of its own. The place is that of its middle.</summary>
sealed class LayoutBox(double width, double height)
{
    /// <summary>Kept free for it, on both sides of the middle alike.</summary>
    public double Width => width;
    public double Height => height;
    public int Layer { get; set; }

    /// <summary>Among those of its layer, from the left.</summary>
    public int Order { get; set; }
    public double X { get; set; }
    public List<LayoutBox> Above { get; } = [];
    public List<LayoutBox> Below { get; } = [];
}

/// <summary>A line between two boxes, from the upper to the lower one, with its bends in between.</summary>
/// <param name="Edge">Its place among the edges.</param>
/// <param name="IsUpward">It leads from the lower box to the upper one: it closes a cycle.</param>
/// <param name="Label">The bend that keeps room for its label; null where there was no room for a bend, or there is no label.</param>
sealed record LayoutLine(int Edge, IReadOnlyList<LayoutBox> Boxes, bool IsUpward, LayoutBox? Label);

/// <param name="From">The place of a box.</param>
/// <param name="LabelWidth">0 without a label.</param>
readonly record struct LayoutEdge(int From, int To, double LabelWidth);

/// <summary>
/// Layers from top to bottom: every line but those that close a cycle leads downward. Boxes are in even layers; odd ones have labels, and
/// bends. Neither overlap, and lines bend around boxes of layers that they cross. Time and memory grow about linearly with boxes and edges.
/// </summary>
sealed class Layout
{
    const double Gap = 36;
    const double BendGap = 14;
    const double LabelHeight = 16;
    const int Sweeps = 8;

    // Lines over thousands of layers would need millions of bends. The longest go straight then.
    const int BendsMax = 30_000;

    readonly List<LayoutBox> boxes;

    Layout(List<LayoutBox> boxes) => this.boxes = boxes;

    public IReadOnlyList<IReadOnlyList<LayoutBox>> Layers { get; private set; } = [];

    public IReadOnlyList<LayoutLine> Lines { get; private set; } = [];

    /// <param name="boxes">One for each node; gets its layer and its place.</param>
    /// <param name="edges">Those that lead to themselves are no lines.</param>
    public static Layout Of(IReadOnlyList<LayoutBox> boxes, IReadOnlyList<LayoutEdge> edges)
    {
        var layout = new Layout([.. boxes]);
        var upward = FindUpward(boxes.Count, edges);
        layout.Rank(edges, upward);
        layout.Lines = layout.Bend(edges, upward);
        layout.Layers = layout.Arrange();
        layout.Spread();
        return layout;
    }

    // Edges that lead back to where a depth-first walk is still busy: without them there is no cycle.
    static bool[] FindUpward(int count, IReadOnlyList<LayoutEdge> edges)
    {
        var leaving = Leaving(count, edges);
        var isEntered = new bool[count];
        foreach (var edge in edges.Where(edge => edge.From != edge.To))
            isEntered[edge.To] = true;

        var upward = new bool[edges.Count];
        var state = new byte[count];
        var walk = new Stack<(int Box, int Next)>();
        foreach (var start in Enumerable.Range(0, count).OrderBy(box => isEntered[box]))
        {
            if (state[start] == 0)
                walk.Push((start, 0));
            while (walk.TryPop(out var at))
            {
                state[at.Box] = 1;
                if (at.Next == leaving[at.Box].Count)
                {
                    state[at.Box] = 2;
                    continue;
                }

                walk.Push((at.Box, at.Next + 1));
                var edge = leaving[at.Box][at.Next];
                var to = edges[edge].To;
                if (state[to] == 1)
                    upward[edge] = true;
                else if (state[to] == 0)
                    walk.Push((to, 0));
            }
        }

        return upward;
    }

    // Each box as far up as what leads to it allows.
    void Rank(IReadOnlyList<LayoutEdge> edges, bool[] upward)
    {
        var leaving = Leaving(boxes.Count, edges);
        var open = new int[boxes.Count];
        for (var edge = 0; edge < edges.Count; edge++)
        {
            if (!upward[edge] && edges[edge].From != edges[edge].To)
                open[edges[edge].To]++;
        }

        var ready = new Queue<int>(Enumerable.Range(0, boxes.Count).Where(box => open[box] == 0));
        while (ready.TryDequeue(out var box))
        {
            foreach (var edge in leaving[box].Where(edge => !upward[edge]))
            {
                var to = edges[edge].To;
                boxes[to].Layer = Math.Max(boxes[to].Layer, boxes[box].Layer + 2);
                if (--open[to] == 0)
                    ready.Enqueue(to);
            }
        }
    }

    List<LayoutLine> Bend(IReadOnlyList<LayoutEdge> edges, bool[] upward)
    {
        var lines = new LayoutLine?[edges.Count];
        var bends = 0;
        foreach (var edge in Enumerable.Range(0, edges.Count)
            .Where(edge => edges[edge].From != edges[edge].To)
            .OrderBy(edge => Math.Abs(boxes[edges[edge].From].Layer - boxes[edges[edge].To].Layer))
            .ThenBy(edge => edges[edge].LabelWidth == 0))
        {
            var (upper, lower) = upward[edge] ? (boxes[edges[edge].To], boxes[edges[edge].From]) : (boxes[edges[edge].From], boxes[edges[edge].To]);
            var line = new List<LayoutBox> { upper };
            LayoutBox? label = null;
            if (bends + lower.Layer - upper.Layer - 1 <= BendsMax)
            {
                // Beside where it leaves: which way is taken is decided there.
                var labelled = edges[edge].LabelWidth == 0 ? -1 : upward[edge] ? lower.Layer - 1 : upper.Layer + 1;
                for (var layer = upper.Layer + 1; layer < lower.Layer; layer++, bends++)
                {
                    var bend = layer == labelled ? new LayoutBox(edges[edge].LabelWidth, LabelHeight) : new LayoutBox(0, 0);
                    bend.Layer = layer;
                    label = layer == labelled ? bend : label;
                    line.Add(bend);
                }
            }

            line.Add(lower);
            boxes.AddRange(line.Skip(1).SkipLast(1));
            for (var place = 1; place < line.Count; place++)
            {
                line[place].Above.Add(line[place - 1]);
                line[place - 1].Below.Add(line[place]);
            }

            lines[edge] = new(edge, line, upward[edge], label);
        }

        return [.. lines.OfType<LayoutLine>()];
    }

    // What is connected comes to stand below each other: everything moves to the middle of its neighbours, down and up again.
    List<LayoutBox>[] Arrange()
    {
        var layers = Enumerable.Range(0, boxes.Select(box => box.Layer).DefaultIfEmpty(-1).Max() + 1).Select(_ => new List<LayoutBox>()).ToArray();
        foreach (var box in boxes)
        {
            box.Order = layers[box.Layer].Count;
            layers[box.Layer].Add(box);
        }

        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var isDown = sweep % 2 == 0;
            foreach (var layer in isDown ? layers : Enumerable.Reverse(layers))
            {
                var sorted = layer.OrderBy(box => Middle(isDown ? box.Above : box.Below, other => other.Order, box.Order)).ThenBy(box => box.Order).ToList();
                layer.Clear();
                foreach (var box in sorted)
                {
                    box.Order = layer.Count;
                    layer.Add(box);
                }
            }
        }

        return layers;
    }

    void Spread()
    {
        foreach (var layer in Layers)
            Settle(layer, box => box.X);
        for (var sweep = 0; sweep <= Sweeps; sweep++)
        {
            var isDown = sweep % 2 == 0;
            foreach (var layer in isDown ? Layers : Layers.Reverse())
                Settle(layer, box => Middle(isDown ? box.Above : box.Below, other => other.X, box.X));
        }

        var least = boxes.Select(box => box.X - (box.Width / 2)).DefaultIfEmpty().Min();
        foreach (var box in boxes)
            box.X -= least;
    }

    // As near as can be to where each wants to be, in their order and apart: neighbours that would collide move as one.
    static void Settle(IReadOnlyList<LayoutBox> layer, Func<LayoutBox, double> wanted)
    {
        var offsets = new double[layer.Count];
        for (var place = 1; place < layer.Count; place++)
        {
            var (left, right) = (layer[place - 1], layer[place]);
            var gap = left.Width == 0 || right.Width == 0 ? BendGap : Gap;
            offsets[place] = offsets[place - 1] + ((left.Width + right.Width) / 2) + gap;
        }

        var groups = new List<(double Sum, int Count)>();
        for (var place = 0; place < layer.Count; place++)
        {
            groups.Add((wanted(layer[place]) - offsets[place], 1));
            while (groups.Count > 1 && groups[^2].Sum / groups[^2].Count > groups[^1].Sum / groups[^1].Count)
            {
                groups[^2] = (groups[^2].Sum + groups[^1].Sum, groups[^2].Count + groups[^1].Count);
                groups.RemoveAt(groups.Count - 1);
            }
        }

        var next = 0;
        foreach (var (sum, count) in groups)
        {
            for (var end = next + count; next < end; next++)
                layer[next].X = (sum / count) + offsets[next];
        }
    }

    static double Middle(List<LayoutBox> neighbours, Func<LayoutBox, double> place, double otherwise)
        => neighbours.Count == 0 ? otherwise : neighbours.Average(place);

    static List<int>[] Leaving(int count, IReadOnlyList<LayoutEdge> edges)
    {
        var leaving = Enumerable.Range(0, count).Select(_ => new List<int>()).ToArray();
        for (var edge = 0; edge < edges.Count; edge++)
        {
            if (edges[edge].From != edges[edge].To)
                leaving[edges[edge].From].Add(edge);
        }

        return leaving;
    }
}
