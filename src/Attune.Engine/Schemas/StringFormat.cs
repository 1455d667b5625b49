using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Attune.Engine.Schemas;

/// <summary>A named form of string: how to recognise one, and an example that tells a person what is wanted.</summary>
sealed partial record StringFormat(string Name, string Example, Func<string, bool> Matches)
{
    public static readonly StringFormat[] All =
    [
        new("date-time", "2027-01-31T12:00:00Z", IsDateTime),
        new("date", "2027-01-31", text => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)),
        new("time", "12:00:00Z", text => Time().IsMatch(text) && IsDateTime("2000-01-01T" + text)),
        new("duration", "PT1H30M", text => Duration().IsMatch(text)),
        new("uri", "https://example.com/path", text => Uri.TryCreate(text, UriKind.Absolute, out _) && Scheme().IsMatch(text)),
        new("email", "ops@example.com", text => text.Length <= 254 && Email().IsMatch(text)),
        new("hostname", "node-1.example.com", IsHostname),
        new("ipv4", "192.0.2.1", IsIpv4),
        new("ipv6", "2001:db8::1", IsIpv6),
        new("ip", "192.0.2.1 or 2001:db8::1", text => IsIpv4(text) || IsIpv6(text)),
        new("cidr", "192.0.2.0/24", text => IPNetwork.TryParse(text, out _)),
        new("uuid", "6f1c1a52-3f0b-4c1d-9a54-0d3c1b0f7a11", text => Guid.TryParseExact(text, "D", out _)),
    ];

    public static StringFormat? Find(string name) => Array.Find(All, format => format.Name == name);

    static bool IsDateTime(string text) => Instant().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _);

    static bool IsHostname(string text) => text.Length <= 253 && Hostname().IsMatch(text);

    // IPAddress reads `127.1` and `0x7f000001` too, which few programs would.
    static bool IsIpv4(string text) => text.Count('.') == 3 && text.All(each => each is '.' or (>= '0' and <= '9'))
        && IPAddress.TryParse(text, out var address) && address.ToString() == text;

    static bool IsIpv6(string text) => text is not ['[', ..] && !text.Contains('%') && IPAddress.TryParse(text, out var address)
        && address.AddressFamily is AddressFamily.InterNetworkV6;

    // RFC 3339: the offset is not optional.
    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,7})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Instant();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d(\.\d{1,7})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();

    // ISO 8601: at least one part, and one after a T.
    [GeneratedRegex(@"^P(?=\d|T\d)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9+.-]*:", RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Email();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Hostname();
}
