using System.Globalization;
using System.Text;

namespace Attune.Engine.Workflows.Drawing;

/// <summary>A picture as Graphviz reads it.</summary>
static class DotText
{
    const int LabelMax = 60;

    public static string Write(Picture picture)
    {
        var text = new StringBuilder("digraph workflow {\n");
        text.Append("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", fontname=\"monospace\", fontsize=11];\n");
        text.Append("  edge [fontname=\"monospace\", fontsize=10];\n");
        foreach (var node in picture.Nodes)
        {
            var lines = string.Join("\\n", new[] { node.Title, node.Subtitle, node.Note }.Where(line => line is not "").Select(Escape));
            var shape = node.Shape switch
            {
                NodeShape.Inquiry => ", shape=hexagon, style=filled",
                NodeShape.Command => ", shape=plaintext, style=\"\"",
                _ => "",
            };
            var colours = node.State is { } state ? $", fillcolor=\"{StateColours.Of(state).Fill}\", color=\"{StateColours.Of(state).Stroke}\"" : "";
            text.Append(CultureInfo.InvariantCulture, $"  \"{Escape(node.Key)}\" [label=\"{lines}\"{shape}{colours}];\n");
        }

        foreach (var edge in picture.Edges)
        {
            var label = edge.Label is "" ? "" : $"label=\"{Escape(Picture.Cut(edge.Label, LabelMax))}\"";
            var style = edge.IsOnError ? "style=dashed" : "";
            var attributes = string.Join(", ", new[] { label, style }.Where(attribute => attribute is not ""));
            text.Append(CultureInfo.InvariantCulture, $"  \"{Escape(picture.Nodes[edge.From].Key)}\" -> \"{Escape(picture.Nodes[edge.To].Key)}\"{(attributes is "" ? "" : $" [{attributes}]")};\n");
        }

        return text.Append("}\n").ToString();
    }

    static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var character in text)
        {
            if (character is '"' or '\\')
                escaped.Append('\\');
            escaped.Append(char.IsControl(character) ? ' ' : character);
        }

        return escaped.ToString();
    }
}
