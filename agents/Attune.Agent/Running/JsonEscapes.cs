using System.Globalization;

namespace Attune.Agent.Running;

static class JsonEscapes
{
    /// <summary>
    /// JSON allows \u0000 and half a surrogate pair; jsonb refuses the first and UTF-8 cannot hold the second. Both become \uFFFD, in place, which has the same length.
    /// Outside of JSON a backslash and `u` is left alone unless it is just that.
    /// </summary>
    public static void Repair(Span<byte> json)
    {
        for (var at = 0; json[at..].IndexOf((byte)'\\') is >= 0 and var found;)
        {
            at += found;
            if (Code(json[at..]) is not { } code)
            {
                at = Math.Min(at + 2, json.Length);
                continue;
            }

            if (char.IsHighSurrogate(code) && Code(json[(at + 6)..]) is { } low && char.IsLowSurrogate(low))
            {
                at += 12;
                continue;
            }

            if (code == 0 || char.IsSurrogate(code))
            {
                "FFFD"u8.CopyTo(json[(at + 2)..]);
            }

            at += 6;
        }
    }

    static char? Code(ReadOnlySpan<byte> text)
        => text.Length >= 6 && text[0] == '\\' && text[1] == 'u' && ushort.TryParse(text.Slice(2, 4), NumberStyles.AllowHexSpecifier, null, out var code)
            ? (char)code
            : null;
}
