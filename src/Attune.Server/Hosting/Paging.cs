using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Attune.Server.Hosting;

/// <summary>A page to read: rows after <paramref name="After"/> in the list's order. Keyset, so no page depends on an offset.</summary>
public readonly record struct PageRequest<TKey>(int Size, TKey After)
{
    /// <summary>One row more than the page holds: whether it comes back says that another page follows.</summary>
    public int Limit => Size + 1;
}

/// <summary>A page as answered; <paramref name="NextToken"/> is empty on the last one.</summary>
public sealed record Page<TRow>(IReadOnlyList<TRow> Rows, string NextToken);

/// <summary>The one meaning of `page_size` (1 to 1000, 0 for the default of 50) and `page_token` (opaque) in every list.</summary>
static class Paging
{
    public const int DefaultSize = 50;
    public const int MaxSize = 1000;

    const string TextKind = "t";
    const string IdKind = "i";

    /// <summary>For lists by ref or name: `where ref > @After order by ref limit @Limit`.</summary>
    public static Result<PageRequest<string>> Ascending(int pageSize, string pageToken)
    {
        if (Refuse(pageSize) is { } refusal)
            return refusal;
        if (pageToken is "")
            return new PageRequest<string>(SizeOf(pageSize), "");

        return Read(TextKind, pageToken) is { } after ? new PageRequest<string>(SizeOf(pageSize), after) : BadToken();
    }

    /// <summary>For lists by id, newest first: `where id &lt; @After order by id desc limit @Limit`.</summary>
    public static Result<PageRequest<long>> NewestFirst(int pageSize, string pageToken)
    {
        if (Refuse(pageSize) is { } refusal)
            return refusal;
        if (pageToken is "")
            return new PageRequest<long>(SizeOf(pageSize), long.MaxValue);

        return long.TryParse(Read(IdKind, pageToken), NumberStyles.None, CultureInfo.InvariantCulture, out var after)
            ? new PageRequest<long>(SizeOf(pageSize), after)
            : BadToken();
    }

    /// <summary>Cuts the extra row off what `limit @Limit` returned and makes the next token from the last row kept.</summary>
    public static Page<TRow> Cut<TRow>(this PageRequest<string> request, IReadOnlyList<TRow> rows, Func<TRow, string> keyOf)
        => rows.Count <= request.Size
            ? new(rows, "")
            : new([.. rows.Take(request.Size)], Write(TextKind, keyOf(rows[request.Size - 1])));

    /// <inheritdoc cref="Cut{TRow}(PageRequest{string}, IReadOnlyList{TRow}, Func{TRow, string})"/>
    public static Page<TRow> Cut<TRow>(this PageRequest<long> request, IReadOnlyList<TRow> rows, Func<TRow, long> keyOf)
        => rows.Count <= request.Size
            ? new(rows, "")
            : new(
                [.. rows.Take(request.Size)],
                Write(IdKind, keyOf(rows[request.Size - 1]).ToString(CultureInfo.InvariantCulture)));

    /// <summary>A page that ends before its size, because its rows are large; others follow. At least one row.</summary>
    public static Page<TRow> Short<TRow>(IReadOnlyList<TRow> rows, Func<TRow, long> keyOf)
        => new(rows, Write(IdKind, keyOf(rows[^1]).ToString(CultureInfo.InvariantCulture)));

    static int SizeOf(int pageSize) => pageSize == 0 ? DefaultSize : pageSize;

    static Failure? Refuse(int pageSize) => pageSize is >= 0 and <= MaxSize
        ? null
        : Failure.Invalid("PAGE_SIZE_INVALID", "page_size", $"{pageSize} is outside 1 to {MaxSize}; leave it out for {DefaultSize}.");

    static Failure BadToken() => Failure.Invalid(
        "PAGE_TOKEN_INVALID", "page_token", "This is no token of this list; pass a next_page_token as it came, or nothing for the first page.");

    static string Write(string kind, string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(kind + key));

    // A token with a NUL would be refused by PostgreSQL as an internal error instead of as the bad input that it is.
    static string? Read(string kind, string token)
    {
        if (token.Length > 1024 || !Base64Url.IsValid(token))
            return null;

        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
        return text.StartsWith(kind, StringComparison.Ordinal) && !text.Contains('\0') ? text[kind.Length..] : null;
    }
}
