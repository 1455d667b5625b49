using Attune.Cli.Terminals;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Attune.Cli.Output;

/// <summary>Columns that fit a terminal's width; or, piped, aligned text that is cut nowhere.</summary>
static class Table
{
    public static void Write<T>(Terminal terminal, IReadOnlyList<T> items, IReadOnlyList<Column<T>> columns)
    {
        var rows = items.Select(item => columns.Select(column => column.Of(item)).ToArray()).ToList();
        if (terminal.OutIsTerminal)
            WriteFitted(terminal, columns.Select(column => column.Title).ToList(), rows);
        else
            WritePlain(terminal.Out, [columns.Select(column => new Cell(column.Title)).ToArray(), .. rows]);
    }

    /// <summary>Title and value below one another; values of several lines are indented.</summary>
    public static void WriteFields(Terminal terminal, IReadOnlyList<Row> rows)
    {
        var shown = rows.Where(row => row.Value.Text.Length > 0).ToList();
        var width = shown.Select(row => row.Title.Length).DefaultIfEmpty().Max() + 2;
        foreach (var row in shown)
        {
            var title = Tone.Dim.Paint(row.Title.PadRight(width), terminal.ColourOut);
            var lines = row.Value.Text.TrimEnd().Split('\n').Select(line => new Cell(line).Printable).ToList();
            terminal.Out.WriteLine(title + row.Value.Tone.Paint(lines[0], terminal.ColourOut));
            foreach (var line in lines.Skip(1))
                terminal.Out.WriteLine(new string(' ', width) + line);
        }
    }

    static void WritePlain(TextWriter writer, IReadOnlyList<Cell[]> rows)
    {
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Text.Length)).ToList();
        foreach (var row in rows)
            writer.WriteLine(string.Join("  ", row.Select((cell, column) => cell.Printable.PadRight(widths[column]))).TrimEnd());
    }

    static void WriteFitted(Terminal terminal, List<string> titles, List<Cell[]> rows)
    {
        var console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(terminal.Out),
            ColorSystem = terminal.ColourOut ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            // Without ANSI it would set colours through System.Console; unstyled text through ANSI is just text.
            Ansi = AnsiSupport.Yes,
        });
        console.Profile.Width = Terminal.Width;
        var table = new Spectre.Console.Table { Border = TableBorder.None };
        foreach (var title in titles)
            table.AddColumn(new TableColumn(new Text(title, StyleOf(Tone.Strong, terminal.ColourOut))) { Padding = new(0, 0, 2, 0) });
        foreach (var row in rows)
            table.AddRow(row.Select(cell => (IRenderable)new Text(cell.Printable, StyleOf(cell.Tone, terminal.ColourOut))));
        console.Write(table);
    }

    static Style StyleOf(Tone tone, bool colour) => (colour ? tone : Tone.Plain) switch
    {
        Tone.Good => new(Color.Green),
        Tone.Bad => new(Color.Red),
        Tone.Busy => new(Color.Yellow),
        Tone.Dim => new(decoration: Decoration.Dim),
        Tone.Strong => new(decoration: Decoration.Bold),
        _ => Style.Plain,
    };
}
