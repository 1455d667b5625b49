using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Attune.Server.Webhooks;

enum SignatureVerdict
{
    Good,
    Missing,
    Wrong,

    /// <summary>It is right, but so old (or so far ahead) that it may be a replay.</summary>
    Stale,
}

/// <summary>
/// How senders prove that they know the secret: an HMAC in hex or base64, GitHub's X-Hub-Signature-256, Slack's v0 and Stripe's v1 as their
/// documentation has them. Compared in constant time.
/// </summary>
sealed class SignatureScheme
{
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    const string SlackTimestamp = "X-Slack-Request-Timestamp";
    const int HeaderLengthMax = 4096;

    readonly HashAlgorithmName algorithm;
    readonly byte[] secret;

    SignatureScheme(string style, string header, HashAlgorithmName algorithm, byte[] secret)
        => (Style, Header, this.algorithm, this.secret) = (style, header, algorithm, secret);

    /// <summary>Headers of all styles, in lower case: none of them is passed on to rules.</summary>
    public static FrozenSet<string> KnownHeaders { get; }
        = FrozenSet.Create("x-signature", "x-hub-signature", "x-hub-signature-256", "x-slack-signature", "stripe-signature");

    public string Style { get; }

    public string Header { get; }

    /// <exception cref="InvalidDataException">It names a style or an algorithm that there is not, or the secret is empty.</exception>
    public static SignatureScheme Create(HmacConfig config, byte[] secret)
    {
        if (secret.Length == 0)
            throw new InvalidDataException("its secret is empty");

        return config.Style switch
        {
            "hmac" => new(config.Style, config.Header, AlgorithmOf(config.Algorithm), secret),
            "github" => new(config.Style, "X-Hub-Signature-256", HashAlgorithmName.SHA256, secret),
            "slack" => new(config.Style, "X-Slack-Signature", HashAlgorithmName.SHA256, secret),
            "stripe" => new(config.Style, "Stripe-Signature", HashAlgorithmName.SHA256, secret),
            _ => throw new InvalidDataException($"there is no signature style '{config.Style}'"),
        };
    }

    public SignatureVerdict Check(IHeaderDictionary headers, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var given = headers[Header];
        if (StringValues.IsNullOrEmpty(given))
            return SignatureVerdict.Missing;

        // Two signatures are two answers to the question which one counts.
        if (given is not [{ Length: <= HeaderLengthMax } text])
            return SignatureVerdict.Wrong;

        return Style switch
        {
            "github" => IsPrefixedHex(text, "sha256=", Compute([], body)) ? SignatureVerdict.Good : SignatureVerdict.Wrong,
            "slack" => CheckSlack(headers[SlackTimestamp], text, body, now),
            "stripe" => CheckStripe(text, body, now),
            _ => IsHmac(text, Compute([], body)) ? SignatureVerdict.Good : SignatureVerdict.Wrong,
        };
    }

    SignatureVerdict CheckSlack(StringValues timestamp, string text, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (StringValues.IsNullOrEmpty(timestamp))
            return SignatureVerdict.Missing;
        return timestamp is [{ } time] && TryReadTime(time, out var seconds) && IsPrefixedHex(text, "v0=", Compute(Encoding.ASCII.GetBytes($"v0:{time}:"), body))
            ? Age(seconds, now)
            : SignatureVerdict.Wrong;
    }

    // t=1492774577,v1=…,v1=…,v0=…: while a secret is being replaced there is a v1 for each. Other schemes are test signatures.
    SignatureVerdict CheckStripe(string text, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var times = parts.Where(part => part.StartsWith("t=", StringComparison.Ordinal)).ToList();
        if (times is not [{ } only] || !TryReadTime(only[2..], out var seconds))
            return SignatureVerdict.Wrong;

        var expected = Compute(Encoding.ASCII.GetBytes($"{only[2..]}."), body);
        var isRight = false;
        foreach (var part in parts)
            isRight |= IsPrefixedHex(part, "v1=", expected);
        return isRight ? Age(seconds, now) : SignatureVerdict.Wrong;
    }

    bool IsHmac(string text, byte[] expected)
    {
        var prefix = algorithm.Name!.ToLowerInvariant() + "=";
        var value = text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text[prefix.Length..] : text;
        if (value.Length == expected.Length * 2)
            return IsHex(value, expected);

        var decoded = new byte[expected.Length + 2];
        return Convert.TryFromBase64String(value, decoded, out var length)
            && CryptographicOperations.FixedTimeEquals(decoded.AsSpan(0, length), expected);
    }

    static bool IsPrefixedHex(string text, string prefix, byte[] expected)
        => text.StartsWith(prefix, StringComparison.Ordinal) && IsHex(text.AsSpan(prefix.Length), expected);

    static bool IsHex(ReadOnlySpan<char> hex, byte[] expected)
    {
        Span<byte> decoded = stackalloc byte[SHA512.HashSizeInBytes];
        return hex.Length == expected.Length * 2
            && Convert.FromHexString(hex, decoded, out _, out var length) is System.Buffers.OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(decoded[..length], expected);
    }

    byte[] Compute(ReadOnlySpan<byte> before, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(algorithm, secret);
        hmac.AppendData(before);
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }

    static bool TryReadTime(string text, out long seconds)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) && seconds < 100_000_000_000;

    static SignatureVerdict Age(long seconds, DateTimeOffset now)
        => (now - DateTimeOffset.FromUnixTimeSeconds(seconds)).Duration() > Tolerance ? SignatureVerdict.Stale : SignatureVerdict.Good;

    static HashAlgorithmName AlgorithmOf(string name) => name switch
    {
        "sha256" => HashAlgorithmName.SHA256,
        "sha512" => HashAlgorithmName.SHA512,
        _ => throw new InvalidDataException($"there is no signature algorithm '{name}'"),
    };
}
