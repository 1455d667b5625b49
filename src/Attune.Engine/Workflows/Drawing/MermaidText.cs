using System.Globalization;
using System.Text;

namespace Attune.Engine.Workflows.Drawing;

/// <summary>A picture as Mermaid's flowchart.</summary>
static class MermaidText
{
    const int LabelMax = 60;

    public static string Write(Picture picture)
    {
        var text = new StringBuilder("flowchart TD\n");
        for (var place = 0; place < picture.Nodes.Count; place++)
        {
            var node = picture.Nodes[place];
            var lines = string.Join("<br/>", new[] { node.Title, node.Subtitle, node.Note }.Where(line => line is not "").Select(Escape));
            var (open, close) = node.Shape switch
            {
                NodeShape.Inquiry => ("{{", "}}"),
                NodeShape.Command => ("([", "])"),
                _ => ("[", "]"),
            };
            text.Append(CultureInfo.InvariantCulture, $"  n{place}{open}\"{lines}\"{close}\n");
        }

        foreach (var edge in picture.Edges)
        {
            var label = edge.Label is "" ? "" : $"|\"{Escape(Picture.Cut(edge.Label, LabelMax))}\"|";
            text.Append(CultureInfo.InvariantCulture, $"  n{edge.From} {(edge.IsOnError ? "-.->" : "-->")}{label} n{edge.To}\n");
        }

        foreach (var group in Enumerable.Range(0, picture.Nodes.Count).Where(place => picture.Nodes[place].State is not null).GroupBy(place => picture.Nodes[place].State!.Value).OrderBy(group => group.Key))
        {
            var colours = StateColours.Of(group.Key);
            var name = group.Key.ToString().ToLowerInvariant();
            text.Append(CultureInfo.InvariantCulture, $"  classDef {name} fill:{colours.Fill},stroke:{colours.Stroke},color:{StateColours.Ink}\n");
            text.Append(CultureInfo.InvariantCulture, $"  class {string.Join(',', group.Select(place => $"n{place}"))} {name}\n");
        }

        return text.ToString();
    }

    // Mermaid has entities of its own, by number: whatever could end a text or begin something else goes by its number.
    static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '.' or '_' or '-' or '…' or '·')
                escaped.Append(rune.ToString());
            else if (Rune.IsControl(rune))
                escaped.Append(' ');
            else
                escaped.Append(CultureInfo.InvariantCulture, $"#{rune.Value};");
        }

        return escaped.ToString();
    }
}
