using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Attune.Server.Hosting;

/// <summary>
/// Marks connections that came in by the port for plain HTTP, and the endpoints that are served there. An endpoint is found on its own port
/// only, whatever the Host header says.
/// </summary>
sealed class HttpPort
{
    static readonly HttpPort Mark = new();

    /// <summary>On each connection of a listener.</summary>
    public static ConnectionDelegate Tell(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(Mark);
        return next(connection);
    };

    public static bool Brought(HttpContext context) => context.Features.Get<HttpPort>() is not null;

    /// <summary>Ends a request that asks one port for what the other one serves.</summary>
    public static Task SeparateAsync(HttpContext context, RequestDelegate next)
    {
        var isServedHere = context.GetEndpoint()?.Metadata.GetMetadata<HttpPort>() is not null;
        if (Brought(context) == isServedHere)
            return next(context);

        context.SetEndpoint(null);
        return Brought(context) ? HttpAnswer.FailAsync(context, 404, "NOT_FOUND", "There is nothing at this address.") : next(context);
    }

    public static void Serve(IEndpointConventionBuilder endpoint) => endpoint.Add(builder => builder.Metadata.Add(Mark));
}

/// <summary>Where the port for plain HTTP is, which is known once the server listens.</summary>
sealed class HttpAddress(IServer server, IOptions<ServerOptions> api, IOptions<HttpOptions> options)
{
    /// <summary>Without a slash at the end. The first of several listeners.</summary>
    public string Listening
        => server.Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(Math.Max(1, api.Value.Listen.Count)).TrimEnd('/');

    /// <summary>What senders are told.</summary>
    public string Public => options.Value.PublicUrl is { Length: > 0 } given ? given.TrimEnd('/') : Listening;
}
