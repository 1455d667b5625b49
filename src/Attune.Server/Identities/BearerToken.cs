using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Attune.Server.Identities;

/// <summary>The SHA-256 of a token, as a dictionary key. Tokens themselves are kept nowhere.</summary>
readonly record struct TokenHash(ulong One, ulong Two, ulong Three, ulong Four)
{
    public static TokenHash Of(ReadOnlySpan<char> token)
    {
        Span<byte> text = stackalloc byte[BearerToken.LengthMax];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.ASCII.GetBytes(token, text)], hash);
        return MemoryMarshal.Read<TokenHash>(hash);
    }
}

static class BearerToken
{
    public const int LengthMax = 4096;

    const string Scheme = "Bearer ";

    /// <summary>Empty unless the header is `Bearer`, a space and at most <see cref="LengthMax"/> ASCII characters.</summary>
    public static ReadOnlySpan<char> Parse(string? authorization)
    {
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return [];

        var token = authorization.AsSpan(Scheme.Length).Trim();
        return token.Length <= LengthMax && Ascii.IsValid(token) ? token : [];
    }
}

/// <summary>A random token with a prefix that says what it is, and what is stored of it.</summary>
readonly record struct NewToken(string Text, byte[] Hash)
{
    const int Size = 32;

    public static NewToken Create(string prefix)
    {
        var text = prefix + System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Size));
        return new(text, HashOf(text));
    }

    // A plain hash is enough: 256 random bits cannot be guessed, so nothing is gained by making each guess slow.
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    public override string ToString() => "(token)";
}
