using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

/// <summary>
/// Who really sent a request. Each proxy adds the address it saw to the right of X-Forwarded-For, so only what trusted proxies wrote can be
/// believed: the rightmost address that is not theirs. Whatever stands to the left of it the sender may have made up.
/// </summary>
sealed class ClientAddress(IOptions<HttpOptions> options)
{
    const string ForwardedFor = "X-Forwarded-For";

    readonly AddressRange[] trusted = [.. options.Value.TrustedProxies.Select(text => AddressRange.Parse(text).OrThrowRpc())];

    /// <summary>Null where a trusted proxy named no address: nothing is known then, and no list allows it.</summary>
    public IPAddress? Of(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        if (address is null || !IsTrusted(address))
            return address;

        var hops = string.Join(',', context.Request.Headers[ForwardedFor].AsEnumerable()).Split(',', StringSplitOptions.TrimEntries);
        for (var at = hops.Length - 1; at >= 0 && hops is not [""]; at--)
        {
            if (!TryRead(hops[at], out address))
                return null;
            if (!IsTrusted(address))
                break;
        }

        return address;
    }

    bool IsTrusted(IPAddress address) => Array.Exists(trusted, range => range.Contains(address));

    // Some proxies add the port: 192.0.2.1:443, [2001:db8::1]:443.
    static bool TryRead(string hop, out IPAddress address)
    {
        address = IPAddress.None;
        if (!IPEndPoint.TryParse(hop, out var end) || (end.AddressFamily is AddressFamily.InterNetwork && hop.Count(letter => letter is '.') != 3))
            return false;

        address = end.Address;
        return true;
    }
}
