namespace Attune.Engine.Expressions;

/// <summary>Texts by whole Unicode characters, so that nothing cuts a surrogate pair in half.</summary>
static class Characters
{
    public static bool IsPlain(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    public static int Count(string text) => IsPlain(text) ? text.Length : text.Count(unit => !char.IsLowSurrogate(unit));

    /// <summary>Null outside of the text; negative places count from the end.</summary>
    public static string? At(string text, long place)
    {
        var count = Count(text);
        var index = place < 0 ? place + count : place;
        return index < 0 || index >= count ? null : Between(text, (int)index, (int)index + 1);
    }

    public static string Between(string text, int from, int to)
        => IsPlain(text) ? text[from..to] : text[Unit(text, from)..Unit(text, to)];

    /// <summary>How many characters stand before a UTF-16 unit.</summary>
    public static int Before(string text, int unit) => Count(text[..unit]);

    /// <summary>With U+FFFD for each half of a pair, which no JSON could hold.</summary>
    public static string Sound(string text)
    {
        if (IsPlain(text))
            return text;

        var runes = new System.Text.StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            runes.Append(rune.ToString());
        return runes.ToString();
    }

    static int Unit(string text, int character)
    {
        var unit = 0;
        for (; character > 0 && unit < text.Length; character--)
            unit += char.IsHighSurrogate(text[unit]) && unit + 1 < text.Length && char.IsLowSurrogate(text[unit + 1]) ? 2 : 1;
        return unit;
    }
}
