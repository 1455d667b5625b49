using System.Text;

namespace Attune.Benchmarks.Reporting;

/// <summary>Columns as wide as their widest cell; the first to the left, the others to the right.</summary>
sealed class TextTable(params string[] headings)
{
    readonly List<string[]> rows = [headings];

    public void Add(params string[] cells) => rows.Add(cells);

    public string ToText()
    {
        var widths = headings.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
            text.AppendLine(string.Join("  ", cells).TrimEnd());
        }

        return text.ToString();
    }
}
