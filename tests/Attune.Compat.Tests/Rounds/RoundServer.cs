using System.Collections.Concurrent;
using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Attune.Compat.Tests.Rounds;

/// <summary>The official server on Kestrel, cleartext HTTP/2 on a loopback port of its own, and channels to it.</summary>
sealed class RoundServer : IAsyncDisposable
{
    readonly WebApplication app;
    readonly ConcurrentBag<GrpcChannel> channels = [];
    readonly CancellationTokenSource deadline = new(2 * Patience);

    RoundServer(WebApplication app)
    {
        this.app = app;

        // So that a call which nothing ends fails its test, which would hang otherwise. It ends as cancelled: a test that expects
        // just that waits with Patience, which is shorter.
        deadline.Token.Register(DisposeChannels);
    }

    /// <summary>How long a test waits for anything.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(20);

    public ServerSide Seen => app.Services.GetRequiredService<ServerSide>();

    string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<RoundServer> StartAsync(Action<GrpcServiceOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel
            => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<ServerSide>();
        builder.Services.AddGrpc(options => configure?.Invoke(options));
        var app = builder.Build();
        app.MapGrpcService<RoundService>();
        await app.StartAsync();
        return new(app);
    }

    public GrpcChannel Channel(GrpcChannelOptions? options = null)
    {
        var channel = GrpcChannel.ForAddress(Address, options ?? new());
        channels.Add(channel);
        return channel;
    }

    public Round.RoundClient Client(GrpcChannelOptions? options = null) => new(Channel(options));

    public async ValueTask DisposeAsync()
    {
        deadline.Dispose();
        DisposeChannels();
        await app.DisposeAsync();
    }

    void DisposeChannels()
    {
        foreach (var channel in channels)
            channel.Dispose();
    }
}
