using Attune.Cli.Terminals;
using Google.Protobuf;

namespace Attune.Cli.Output;

/// <summary>What a command answers on stdout, in the format asked for; remarks go to stderr.</summary>
sealed class Answer(Terminal terminal, OutputFormat format, bool quiet)
{
    public OutputFormat Format => format;

    public bool IsTable => format is OutputFormat.Table;

    /// <summary>Said below the next list.</summary>
    public string? Footnote { get; set; }

    /// <summary>A list: an array, or a table. Quiet: the first column alone.</summary>
    public void List<T>(IReadOnlyList<T> items, string none, params IReadOnlyList<Column<T>> columns)
        where T : IMessage
    {
        if (!IsTable)
            Document(WireJson.OfMany(items.Cast<IMessage>()));
        else if (quiet)
            items.ToList().ForEach(item => terminal.Out.WriteLine(columns[0].Of(item).Printable));
        else if (items.Count is 0)
            Note(none);
        else
            Table.Write(terminal, items, columns);
        if (IsTable && Footnote is { } footnote)
            Note(footnote);
    }

    /// <summary>One thing: its document, or its fields below one another. Quiet: the first field alone.</summary>
    public void Show(IMessage item, params IReadOnlyList<Row> rows)
    {
        if (!IsTable)
            Document(WireJson.Of(item));
        else if (quiet)
            terminal.Out.WriteLine(rows[0].Value.Printable);
        else
            Table.WriteFields(terminal, rows);
    }

    /// <summary>What was done: its document, or one sentence on stderr.</summary>
    public void Done(IMessage item, string sentence)
    {
        if (!IsTable)
            Document(WireJson.Of(item));
        else
            Note(sentence);
    }

    /// <summary>A new secret: alone on stdout, so that `$(…)` catches it; what it is on stderr.</summary>
    public void Secret(IMessage item, string secret, string sentence)
    {
        if (!IsTable)
        {
            Document(WireJson.Of(item));
            return;
        }

        Note(sentence);
        terminal.Out.WriteLine(secret);
    }

    /// <summary>One of a stream without an end: a document in a line of its own, or (YAML) a document of a stream of them.</summary>
    public void Line(IMessage item)
    {
        if (format is OutputFormat.Yaml)
            terminal.Out.Write($"---\n{YamlText.OfJson(WireJson.Of(item))}\n");
        else
            terminal.Out.WriteLine(WireJson.OfLine(item));
    }

    public void Document(string json) => terminal.Out.WriteLine(format is OutputFormat.Yaml ? YamlText.OfJson(json) : json);

    /// <summary>For a person; unheard with --quiet.</summary>
    public void Note(string sentence)
    {
        if (!quiet)
            terminal.Error.WriteLine(sentence);
    }
}
