using System.Text;

namespace Attune.Agent.Packs;

static class Tail
{
    /// <summary>The end of a text that fits into so many bytes of UTF-8, beginning with a whole line where there is one.</summary>
    public static string OfBytes(string text, int bytesMax)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length <= bytesMax)
        {
            return text;
        }

        var start = bytes.Length - bytesMax;
        var line = bytes.AsSpan(start).IndexOf((byte)'\n');
        start = line >= 0 && start + line + 1 < bytes.Length ? start + line + 1 : start;
        while (start < bytes.Length && (bytes[start] & 0xC0) == 0x80)
        {
            start++;
        }

        return Encoding.UTF8.GetString(bytes.AsSpan(start));
    }
}
