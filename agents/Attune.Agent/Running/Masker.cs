using System.Buffers;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>Knows what must not leave the host. Shared by all streams of a run; without secrets it lets everything pass untouched.</summary>
sealed class Masker
{
    public const string Mask = "***";

    readonly SearchValues<string>? search;
    readonly Dictionary<char, string[]> byFirst;
    readonly SearchValues<char>? firsts;

    public Masker(IEnumerable<string> secrets)
    {
        var forms = SecretForms.Of(secrets);
        byFirst = forms.GroupBy(form => form[0]).ToDictionary(group => group.Key, group => group.OrderByDescending(form => form.Length).ToArray());
        search = forms.Count == 0 ? null : SearchValues.Create([.. forms], StringComparison.Ordinal);
        firsts = forms.Count == 0 ? null : SearchValues.Create([.. byFirst.Keys]);
        LengthMax = forms.Count == 0 ? 0 : forms.Max(form => form.Length);
    }

    public bool IsEmpty => search is null;

    /// <summary>Of the longest form, in bytes: no stream holds back more than this.</summary>
    public int LengthMax { get; }

    /// <summary>All at once, for a text that is complete.</summary>
    public string Apply(string text)
    {
        if (IsEmpty || text.Length == 0)
        {
            return text;
        }

        var stream = new MaskedStream(this);
        var masked = new ArrayBufferWriter<byte>(text.Length + 16);
        stream.Write(Encoding.UTF8.GetBytes(text), masked);
        stream.Complete(masked);
        return Encoding.UTF8.GetString(masked.WrittenSpan);
    }

    /// <returns>Start and length of the next secret at or after the position; the longest of those that start there.</returns>
    internal (int Start, int Length)? Next(ReadOnlySpan<char> text, int from)
    {
        var found = text[from..].IndexOfAny(search!);
        if (found < 0)
        {
            return null;
        }

        var rest = text[(from + found)..];
        foreach (var form in byFirst[rest[0]])
        {
            if (rest.StartsWith(form, StringComparison.Ordinal))
            {
                return (from + found, form.Length);
            }
        }

        return null;
    }

    /// <returns>Where the longest ending begins that more text could still turn into a secret; the text's length when there is none.</returns>
    internal int Doubtful(ReadOnlySpan<char> text)
    {
        for (var at = Math.Max(0, text.Length - LengthMax + 1); at < text.Length; at++)
        {
            var next = text[at..].IndexOfAny(firsts!);
            if (next < 0)
            {
                break;
            }

            at += next;
            var rest = text[at..];
            foreach (var form in byFirst[rest[0]])
            {
                if (form.Length > rest.Length && form.AsSpan(0, rest.Length).SequenceEqual(rest))
                {
                    return at;
                }
            }
        }

        return text.Length;
    }
}

/// <summary>
/// Masks one stream whose pieces may cut a secret anywhere. An ending that could be the beginning of a secret is held back until what follows decides;
/// everything else passes at once. Secrets that overlap become one mask.
/// </summary>
sealed class MaskedStream(Masker masker)
{
    char[] text = [];
    int held;

    // How much of what is held lies under a mask that has been written already.
    int covered;

    public void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> masked)
    {
        if (masker.IsEmpty)
        {
            masked.Write(bytes);
            return;
        }

        var length = held + bytes.Length;
        if (text.Length < length)
        {
            Array.Resize(ref text, Math.Max(length, Math.Max(256, text.Length * 2)));
        }

        Encoding.Latin1.GetChars(bytes, text.AsSpan(held));
        Flush(text.AsSpan(0, length), masker.Doubtful(text.AsSpan(0, length)), masked);
    }

    /// <summary>The stream has ended: what is held back is no secret, only the beginning of one.</summary>
    public void Complete(IBufferWriter<byte> masked)
    {
        Flush(text.AsSpan(0, held), held, masked);
        (held, covered) = (0, 0);
    }

    /// <summary>The stream was cut by us, perhaps inside a secret: what is held back goes.</summary>
    public void Cut() => (held, covered) = (0, 0);

    void Flush(Span<char> all, int end, IBufferWriter<byte> masked)
    {
        var at = 0;
        var under = covered;
        var next = masker.IsEmpty || all.IsEmpty ? null : masker.Next(all, 0);
        while (next is { } secret)
        {
            if (secret.Start >= end)
            {
                break;
            }

            if (secret.Start >= under)
            {
                Emit(all[Math.Max(at, under)..secret.Start], masked);
                Emit(Masker.Mask, masked);
            }

            under = Math.Max(under, secret.Start + secret.Length);
            at = under;
            next = secret.Start + 1 < all.Length ? masker.Next(all, secret.Start + 1) : null;
        }

        if (Math.Max(at, under) < end)
        {
            Emit(all[Math.Max(at, under)..end], masked);
        }

        held = all.Length - end;
        covered = Math.Max(0, under - end);
        all[end..].CopyTo(text);
    }

    static void Emit(ReadOnlySpan<char> latin1, IBufferWriter<byte> masked)
    {
        if (!latin1.IsEmpty)
        {
            masked.Advance(Encoding.Latin1.GetBytes(latin1, masked.GetSpan(latin1.Length)));
        }
    }
}
