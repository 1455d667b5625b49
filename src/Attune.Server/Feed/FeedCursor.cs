using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Attune.Server.Feed;

/// <summary>A position as watchers keep it. A row is always sent whole, so nothing else is needed.</summary>
static class FeedCursor
{
    const string Kind = "f";

    public static string Write(long position)
        => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(Kind + position.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Null: no cursor of the feed.</summary>
    public static long? Read(string cursor)
    {
        if (cursor.Length > 64 || !Base64Url.IsValid(cursor))
            return null;

        var text = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor));
        return text.StartsWith(Kind, StringComparison.Ordinal)
            && long.TryParse(text[Kind.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : null;
    }
}
