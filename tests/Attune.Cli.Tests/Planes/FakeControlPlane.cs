using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Attune.Cli.Tests.Planes;

/// <summary>Speaks the services' wire on a real socket and does what a test tells it. Whatever is called is written down.</summary>
public sealed class FakeControlPlane : IAsyncDisposable
{
    readonly WebApplication app;

    FakeControlPlane(WebApplication app, string address) => (this.app, Address) = (app, address);

    public string Address { get; }

    /// <summary>`/attune.v1.ExecutionService/StartExecution`, in order, with what it was authorized by.</summary>
    public ConcurrentQueue<(string Method, string? Authorization)> Calls => Told.Calls;

    public FakeIdentities Identities => Get<FakeIdentities>();

    public FakeExecutions Executions => Get<FakeExecutions>();

    public FakeActions Actions => Get<FakeActions>();

    public FakePacks Packs => Get<FakePacks>();

    public FakeWorkers Workers => Get<FakeWorkers>();

    public FakeEvents Events => Get<FakeEvents>();

    public FakeRules Rules => Get<FakeRules>();

    public FakeTriggers Triggers => Get<FakeTriggers>();

    public FakeSensors Sensors => Get<FakeSensors>();

    public FakeInquiries Inquiries => Get<FakeInquiries>();

    public FakeFeed Feed => Get<FakeFeed>();

    public FakeWorkflows Workflows => Get<FakeWorkflows>();

    Script Told => Get<Script>();

    public static async Task<FakeControlPlane> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        builder.Services
            .AddSingleton<Script>()
            .AddSingleton<FakeIdentities>()
            .AddSingleton<FakeExecutions>()
            .AddSingleton<FakeActions>()
            .AddSingleton<FakePacks>()
            .AddSingleton<FakeWorkers>()
            .AddSingleton<FakeSystem>()
            .AddSingleton<FakeEvents>()
            .AddSingleton<FakeRules>()
            .AddSingleton<FakeTriggers>()
            .AddSingleton<FakeSensors>()
            .AddSingleton<FakeInquiries>()
            .AddSingleton<FakeFeed>()
            .AddSingleton<FakeWorkflows>()
            .AddGrpc(grpc => grpc.Interceptors.Add<Script>());
        var app = builder.Build();
        app.MapGrpcService<FakeIdentities>();
        app.MapGrpcService<FakeExecutions>();
        app.MapGrpcService<FakeActions>();
        app.MapGrpcService<FakePacks>();
        app.MapGrpcService<FakeWorkers>();
        app.MapGrpcService<FakeSystem>();
        app.MapGrpcService<FakeEvents>();
        app.MapGrpcService<FakeRules>();
        app.MapGrpcService<FakeTriggers>();
        app.MapGrpcService<FakeSensors>();
        app.MapGrpcService<FakeInquiries>();
        app.MapGrpcService<FakeFeed>();
        app.MapGrpcService<FakeWorkflows>();
        await app.StartAsync(CancellationToken.None);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new(app, addresses.Single());
    }

    /// <summary>Fails the next calls of a method, in turn.</summary>
    public void Fail(string method, params RpcException[] failures)
    {
        var queue = Told.Failures.GetOrAdd(method, _ => new());
        foreach (var failure in failures)
            queue.Enqueue(failure);
    }

    public int CountOf(string method) => Calls.Count(call => call.Method.EndsWith($"/{method}", StringComparison.Ordinal));

    public static RpcException Failure(
        StatusCode code, string reason = "", string message = "as told", params (string Field, string Description)[] violations)
    {
        var detail = new ErrorDetail { Reason = reason };
        detail.FieldViolations.Add(violations.Select(each => new FieldViolation { Field = each.Field, Description = each.Description }));
        detail.Metadata.Add("permission", "executions: start");
        var status = new Google.Rpc.Status { Code = (int)code, Message = message, Details = { Any.Pack(detail) } };
        return new(new(code, message), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    T Get<T>()
        where T : notnull
        => app.Services.GetRequiredService<T>();

    sealed class Script : Interceptor
    {
        public ConcurrentQueue<(string Method, string? Authorization)> Calls { get; } = new();

        public ConcurrentDictionary<string, ConcurrentQueue<RpcException>> Failures { get; } = new();

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, responseStream, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, context);
        }

        void Note(ServerCallContext context)
        {
            Calls.Enqueue((context.Method, context.RequestHeaders.GetValue("authorization")));
            if (Failures.GetValueOrDefault(context.Method.Split('/')[^1]) is { } queue && queue.TryDequeue(out var failure))
                throw failure;
        }
    }
}
