using Attune.Cli.Terminals;

namespace Attune.Cli.Output;

/// <summary>One value in a table.</summary>
readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "");

    public static implicit operator Cell(long number) => new(number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    // What a server sends must not move the cursor or end the line.
    public string Printable => string.Concat(Text.Select(each => char.IsControl(each) ? ' ' : each));
}

sealed record Column<T>(string Title, Func<T, Cell> Of);

sealed record Row(string Title, Cell Value);
