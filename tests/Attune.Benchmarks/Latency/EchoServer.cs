using System.Net;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Benchmarks.Latency;

/// <summary>
/// The wire without the product: Kestrel, HTTP/2 in clear, a unary call and a duplex stream that do nothing. A process of its own, as
/// the product's server is; it ends when its standard input does.
/// </summary>
static class EchoServer
{
    public const string Verb = "echo-server";

    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting().AddGrpc();

        await using var app = builder.Build();
        app.MapGrpcService<Version>();
        app.MapGrpcService<Session>();
        await app.StartAsync();
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    sealed class Version : SystemService.SystemServiceBase
    {
        public override Task<GetVersionResponse> GetVersion(GetVersionRequest request, ServerCallContext context)
            => Task.FromResult(new GetVersionResponse());
    }

    /// <summary>Answers each heartbeat with the time at which it arrived.</summary>
    sealed class Session : WorkerService.WorkerServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<WorkerMessage> requestStream, IServerStreamWriter<ControlMessage> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(context.CancellationToken))
            {
                var arrived = TimeProvider.System.GetUtcNow().ToTimestamp();
                await responseStream.WriteAsync(new() { HeartbeatAck = new() { SentAt = arrived } }, context.CancellationToken);
            }
        }
    }
}
