using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Attune.Server.Hosting;

/// <summary>Addresses that share a prefix: `10.0.0.0/8`, `2001:db8::/32`, or one alone.</summary>
readonly record struct AddressRange
{
    readonly IPNetwork network;

    AddressRange(IPNetwork network) => this.network = network;

    /// <summary>Refuses bits behind the prefix: they are a typing mistake as often as not, and would widen the range unseen.</summary>
    public static Result<AddressRange> Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];

        // IPAddress also reads 10.1 as 10.0.0.1; nobody who writes it here means that.
        if (!IPAddress.TryParse(host, out var address)
            || address.AddressFamily is AddressFamily.InterNetwork && host.Count(letter => letter is '.') != 3
            || host.Contains('%', StringComparison.Ordinal))
        {
            return Invalid($"'{text}' is no address and no range such as 10.0.0.0/8 or 2001:db8::/32.");
        }

        var bits = address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
            return Invalid($"'{text}' needs a prefix of 0 to {bits} bits behind the slash.");
        if (address.IsIPv4MappedToIPv6)
            return Invalid($"'{text}' is an IPv4 address inside IPv6; write {address.MapToIPv4()}.");

        var first = FirstOf(address, prefix);
        return first.Equals(address)
            ? new AddressRange(new(address, prefix))
            : Invalid($"'{text}' has bits behind its prefix; write {first}/{prefix}, or {host} for this one address.");
    }

    public bool Contains(IPAddress address) => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    static IPAddress FirstOf(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new(bytes);
    }

    static Failure Invalid(string message) => new(FailureKind.Invalid, "ADDRESS_RANGE_INVALID", message);
}
