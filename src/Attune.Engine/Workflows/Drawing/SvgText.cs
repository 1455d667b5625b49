using System.Globalization;
using System.Text;

namespace Attune.Engine.Workflows.Drawing;

/// <summary>A picture as SVG that needs nothing from outside: no font, no script, no style sheet.</summary>
sealed class SvgText
{
    const int TitleMax = 30;
    const int LineMax = 36;
    const int LabelMax = 30;
    const double TitleWidth = 8.2;
    const double LineWidth = 6.8;
    const double LineHeight = 16;
    const double Padding = 14;
    const double LayerGap = 26;
    const double Margin = 24;
    const double PortGap = 18;
    const double LoopWidth = 34;

    readonly Picture picture;
    readonly LayoutBox[] boxes;
    readonly Layout layout;
    readonly double[] middles;
    readonly double[] heights;
    readonly Dictionary<(int Line, bool IsUpper), double> ports = [];
    readonly StringBuilder svg = new();

    SvgText(Picture picture)
    {
        this.picture = picture;
        var loops = picture.Edges.Where(edge => edge.From == edge.To).ToDictionary(edge => edge.From, edge => LoopWidth + LabelWidth(edge.Label));
        boxes = [.. picture.Nodes.Select((node, place) => new LayoutBox(WidthOf(node) + (2 * loops.GetValueOrDefault(place)), HeightOf(node)))];
        layout = Layout.Of(boxes, [.. picture.Edges.Select(edge => new LayoutEdge(edge.From, edge.To, LabelWidth(edge.Label)))]);

        heights = [.. layout.Layers.Select(layer => layer.Select(box => box.Height).DefaultIfEmpty().Max())];
        middles = new double[heights.Length];
        var top = Margin;
        for (var layer = 0; layer < heights.Length; layer++)
        {
            middles[layer] = top + (heights[layer] / 2);
            top += heights[layer] + LayerGap;
        }

        FindPorts();
    }

    public static string Write(Picture picture) => new SvgText(picture).Write();

    string Write()
    {
        var states = picture.Nodes.Select(node => node.State).OfType<TaskState>().Distinct().Order().ToArray();
        var bottom = middles.Length == 0 ? Margin : middles[^1] + (heights[^1] / 2);
        var legendWidth = states.Sum(state => LegendWidth(state));
        var width = Math.Max(layout.Layers.SelectMany(layer => layer).Select(box => box.X + (box.Width / 2)).DefaultIfEmpty().Max(), legendWidth) + (2 * Margin);
        var height = bottom + Margin + (states.Length > 0 ? 40 : 0);

        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0.#}\" height=\"{height:0.#}\" viewBox=\"0 0 {width:0.#} {height:0.#}\" role=\"img\" aria-label=\"Graph of a workflow\">");
        Style(states);
        Line($"<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>");
        Line($"<rect class=\"page\" width=\"100%\" height=\"100%\"/>");
        foreach (var line in layout.Lines)
            Draw(line);
        foreach (var edge in picture.Edges.Where(edge => edge.From == edge.To))
            DrawLoop(edge);
        for (var place = 0; place < boxes.Length; place++)
            Draw(picture.Nodes[place], Left(place), middles[boxes[place].Layer]);
        foreach (var line in layout.Lines)
            Label(line);
        Legend(states, bottom + Margin);
        return svg.Append("</svg>\n").ToString();
    }

    void Style(TaskState[] states)
    {
        var (light, dark) = (new StringBuilder(), new StringBuilder());
        foreach (var state in states)
        {
            var colours = StateColours.Of(state);
            var name = Name(state);
            light.Append(CultureInfo.InvariantCulture, $".{name} .box{{fill:{colours.Fill};stroke:{colours.Stroke}}}");
            dark.Append(CultureInfo.InvariantCulture, $".{name} .box{{fill:{colours.DarkFill};stroke:{colours.DarkStroke}}}");
        }

        svg.Append($"<style>text{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:{StateColours.Ink};text-anchor:middle}}"
            + ".title{font-size:13px;font-weight:600}.sub,.note,.label{font-size:11px}.sub,.note{fill:#57606a}.label{fill:#57606a;paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}"
            + ".page{fill:#ffffff}.box{fill:#f6f8fa;stroke:#57606a;stroke-width:1.4}.skipped .box{stroke-dasharray:4 3}.edge{fill:none;stroke:#8c959f;stroke-width:1.4}.error{stroke-dasharray:5 4}.head{fill:#8c959f}.command .title{font-weight:400;font-style:italic;font-size:12px}.command .box{stroke:#8c959f;stroke-width:1}"
            + $"{light}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.sub,.note{{fill:#9da7b3}}.label{{fill:#9da7b3;stroke:#0d1117}}.page{{fill:#0d1117}}.box{{fill:#21262d;stroke:#8c959f}}.edge{{stroke:#6e7681}}.head{{fill:#6e7681}}{dark}}}</style>\n");
    }

    void Draw(PictureNode node, double left, double middle)
    {
        var (width, height) = (WidthOf(node), HeightOf(node));
        var shape = node.Shape.ToString().ToLowerInvariant();
        var round = node.Shape is NodeShape.Action ? 6 : height / 2;
        Line($"<g class=\"{(node.State is { } state ? $"{shape} {Name(state)}" : shape)}\" data-task=\"{Escape(node.Key)}\"><title>{Escape(string.Join(" · ", new[] { node.Title, node.Subtitle, node.Note }.Where(text => text is not "")))}</title>");
        Line($"<rect class=\"box\" x=\"{left:0.#}\" y=\"{middle - (height / 2):0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\" rx=\"{round:0.#}\"/>");
        if (node.Shape is NodeShape.Inquiry)
            Line($"<rect class=\"box\" x=\"{left + 4:0.#}\" y=\"{middle - (height / 2) + 4:0.#}\" width=\"{width - 8:0.#}\" height=\"{height - 8:0.#}\" rx=\"{(height / 2) - 4:0.#}\" style=\"fill:none;stroke-width:.8\"/>");

        var lines = LinesOf(node);
        for (var index = 0; index < lines.Count; index++)
        {
            var baseline = middle - (lines.Count * LineHeight / 2) + (index * LineHeight) + 12;
            Line($"<text class=\"{lines[index].Class}\" x=\"{left + (width / 2):0.#}\" y=\"{baseline:0.#}\">{Escape(lines[index].Text)}</text>");
        }

        Line($"</g>");
    }

    void Draw(LayoutLine line)
    {
        var points = PointsOf(line);
        var path = new StringBuilder();
        path.Append(CultureInfo.InvariantCulture, $"M{points[0].X:0.#} {points[0].Y:0.#}");
        for (var index = 1; index < points.Count; index++)
        {
            var (from, to) = (points[index - 1], points[index]);
            var half = (from.Y + to.Y) / 2;

            // Along a layer that it only passes a line is straight, so that it keeps clear of the boxes there.
            if (from.X == to.X)
                path.Append(CultureInfo.InvariantCulture, $"L{to.X:0.#} {to.Y:0.#}");
            else
                path.Append(CultureInfo.InvariantCulture, $"C{from.X:0.#} {half:0.#} {to.X:0.#} {half:0.#} {to.X:0.#} {to.Y:0.#}");
        }

        Path(picture.Edges[line.Edge], path.ToString());
    }

    void DrawLoop(PictureEdge edge)
    {
        var right = Left(edge.From) + WidthOf(picture.Nodes[edge.From]);
        var middle = middles[boxes[edge.From].Layer];
        Path(edge, string.Create(CultureInfo.InvariantCulture, $"M{right:0.#} {middle - 8:0.#}C{right + LoopWidth:0.#} {middle - 22:0.#} {right + LoopWidth:0.#} {middle + 22:0.#} {right:0.#} {middle + 8:0.#}"));
        Text(edge.Label, right + LoopWidth + (LabelWidth(edge.Label) / 2), middle + 4);
    }

    void Path(PictureEdge edge, string path)
    {
        var title = edge.Label is "" ? "" : $"<title>{Escape(edge.Label)}</title>";
        Line($"<path class=\"{(edge.IsOnError ? "edge error" : "edge")}\" data-from=\"{Escape(picture.Nodes[edge.From].Key)}\" data-to=\"{Escape(picture.Nodes[edge.To].Key)}\" d=\"{path}\" marker-end=\"url(#arrow)\">{title}</path>");
    }

    void Label(LayoutLine line)
    {
        if (line.Label is { } room)
        {
            Text(picture.Edges[line.Edge].Label, room.X + Margin, middles[room.Layer] + 4);
            return;
        }

        var points = PointsOf(line);
        Text(picture.Edges[line.Edge].Label, (points[0].X + points[1].X) / 2, ((points[0].Y + points[1].Y) / 2) + 4);
    }

    void Text(string label, double x, double y)
    {
        if (label is not "")
            Line($"<text class=\"label\" x=\"{x:0.#}\" y=\"{y:0.#}\">{Escape(Picture.Cut(label, LabelMax))}</text>");
    }

    void Legend(TaskState[] states, double top)
    {
        var left = Margin;
        foreach (var state in states)
        {
            Line($"<g class=\"{Name(state)} legend\"><rect class=\"box\" x=\"{left:0.#}\" y=\"{top:0.#}\" width=\"14\" height=\"14\" rx=\"3\"/><text class=\"note\" x=\"{left + 22:0.#}\" y=\"{top + 11:0.#}\" style=\"text-anchor:start\">{Name(state)}</text></g>");
            left += LegendWidth(state);
        }
    }

    List<(double X, double Y)> PointsOf(LayoutLine line)
    {
        var points = new List<(double X, double Y)>();
        var (upper, lower) = (line.Boxes[0], line.Boxes[^1]);
        points.Add((ports[(line.Edge, true)], middles[upper.Layer] + (upper.Height / 2)));
        foreach (var bend in line.Boxes.Skip(1).SkipLast(1))
        {
            points.Add((bend.X + Margin, middles[bend.Layer] - (heights[bend.Layer] / 2)));
            points.Add((bend.X + Margin, middles[bend.Layer] + (heights[bend.Layer] / 2)));
        }

        points.Add((ports[(line.Edge, false)], middles[lower.Layer] - (lower.Height / 2)));
        if (line.IsUpward)
            points.Reverse();
        return points;
    }

    // Lines leave and enter a box beside each other, in the order of where they go.
    void FindPorts()
    {
        var ends = layout.Lines.SelectMany(line => new[]
        {
            (Box: line.Boxes[0], line.Edge, IsUpper: true, Toward: line.Boxes[1].X),
            (Box: line.Boxes[^1], line.Edge, IsUpper: false, Toward: line.Boxes[^2].X),
        });
        var places = new Dictionary<LayoutBox, int>(ReferenceEqualityComparer.Instance);
        for (var place = 0; place < boxes.Length; place++)
            places[boxes[place]] = place;
        foreach (var side in ends.GroupBy(end => (Place: places[end.Box], end.IsUpper)))
        {
            var sorted = side.OrderBy(end => end.Toward).ThenBy(end => end.Edge).ToList();
            var room = WidthOf(picture.Nodes[side.Key.Place]) * 0.8;
            var gap = sorted.Count == 1 ? 0 : Math.Min(PortGap, room / (sorted.Count - 1));
            for (var index = 0; index < sorted.Count; index++)
            {
                ports[(sorted[index].Edge, side.Key.IsUpper)]
                    = boxes[side.Key.Place].X + Margin + ((index - ((sorted.Count - 1) / 2.0)) * gap);
            }
        }
    }

    double Left(int place) => boxes[place].X + Margin - (WidthOf(picture.Nodes[place]) / 2);

    static List<(string Text, string Class)> LinesOf(PictureNode node)
    {
        var lines = new List<(string, string)> { (Picture.Cut(node.Title, TitleMax), "title") };
        if (node.Subtitle is not "")
            lines.Add((node.Shape is NodeShape.Inquiry ? $"? {Picture.Cut(node.Subtitle, LineMax)}" : Picture.Cut(node.Subtitle, LineMax), "sub"));
        if (node.Note is not "")
            lines.Add((Picture.Cut(node.Note, LineMax), "note"));
        return lines;
    }

    static double WidthOf(PictureNode node) => (2 * Padding) + (node.Shape is NodeShape.Inquiry ? 16 : 0)
        + LinesOf(node).Max(line => line.Text.Length * (line.Class is "title" ? TitleWidth : LineWidth));

    static double HeightOf(PictureNode node) => (LinesOf(node).Count * LineHeight) + (node.Shape is NodeShape.Command ? 6 : Padding);

    static double LabelWidth(string label) => label is "" ? 0 : (Math.Min(label.Length, LabelMax) * LineWidth) + 8;

    static double LegendWidth(TaskState state) => 44 + (Name(state).Length * LineWidth);

    static string Name(TaskState state) => state.ToString().ToLowerInvariant();

    void Line(FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    // XML knows no way to write most control characters, nor half a surrogate pair.
    static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                < 0x20 or 0x7F or 0xFFFE or 0xFFFF => escaped.Append(' '),
                _ => escaped.Append(rune.ToString()),
            };
        }

        return escaped.ToString();
    }
}
