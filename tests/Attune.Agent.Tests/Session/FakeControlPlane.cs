using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Attune.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Tests.Session;

/// <summary>The other end of the wire: a real gRPC server on loopback whose answers a test decides.</summary>
sealed class FakeControlPlane : IAsyncDisposable
{
    readonly Channel<AgentStream> streams = Channel.CreateUnbounded<AgentStream>();
    WebApplication? application;

    public TestCa Ca { get; } = new();

    public int Port { get; private set; }

    public bool IsTls { get; init; }

    public Uri Address => new($"{(IsTls ? "https://localhost" : "http://127.0.0.1")}:{Port}");

    /// <summary>What Enroll does instead of issuing a certificate.</summary>
    public Func<EnrollRequest, EnrollResponse>? OnEnroll { get; set; }

    /// <summary>Archives by digest.</summary>
    public ConcurrentDictionary<string, byte[]> Releases { get; } = new();

    public Func<RpcException>? RejectConnect { get; set; }

    public ConcurrentQueue<EnrollRequest> Enrolled { get; } = new();

    public ConcurrentQueue<X509Certificate2?> TlsCertificates { get; } = new();

    public TimeSpan CertificateAge { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan CertificateLeft { get; set; } = TimeSpan.FromDays(1);

    public static async Task<FakeControlPlane> StartAsync(bool tls = false)
    {
        var plane = new FakeControlPlane { IsTls = tls };
        await plane.ListenAsync(0);
        return plane;
    }

    /// <summary>Goes away: the port is closed and every stream broken.</summary>
    public async Task GoAwayAsync()
    {
        await application!.DisposeAsync();
        application = null;
    }

    public Task ComeBackAsync() => ListenAsync(Port);

    /// <summary>The next stream, whose Hello has been read.</summary>
    public ValueTask<AgentStream> NextStreamAsync() => streams.Reader.ReadAsync(Soon.Enough);

    public bool HasAnotherStream => streams.Reader.TryPeek(out _);

    public string Issue(byte[] request)
    {
        var now = TimeProvider.System.GetUtcNow();
        return Ca.Issue(request, now - CertificateAge, now + CertificateLeft);
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
            await application.DisposeAsync();
        Ca.Dispose();
    }

    async Task ListenAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = 64 << 20);
        builder.Services.AddSingleton(this);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(1));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (IsTls)
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = Ca.IssueServer();
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
        }));
        application = builder.Build();
        application.MapGrpcService<Edge>();
        await application.StartAsync();
        Port = new Uri(application.Urls.Single()).Port;
    }

    sealed class Edge(FakeControlPlane plane) : WorkerService.WorkerServiceBase
    {
        public override Task<EnrollResponse> Enroll(EnrollRequest request, ServerCallContext context)
        {
            plane.Enrolled.Enqueue(request);
            return Task.FromResult(plane.OnEnroll?.Invoke(request) ?? new EnrollResponse
            {
                Certificate = plane.Issue(request.CertificateRequest.ToByteArray()),
                CaCertificate = plane.Ca.Certificate.ExportCertificatePem(),
                Labels = { ["site"] = "lab" },
            });
        }

        public override async Task DownloadRelease(
            DownloadReleaseRequest request, IServerStreamWriter<DownloadReleaseResponse> responseStream, ServerCallContext context)
        {
            Assert.True(AgentProof.Read(context).IsGenuine);
            foreach (var piece in plane.Releases[request.ReleaseDigest].Chunk(100))
                await responseStream.WriteAsync(new() { Content = Google.Protobuf.ByteString.CopyFrom(piece) }, context.CancellationToken);
        }

        public override async Task Connect(
            IAsyncStreamReader<WorkerMessage> requestStream, IServerStreamWriter<ControlMessage> responseStream, ServerCallContext context)
        {
            if (plane.RejectConnect is { } reject)
                throw reject();

            plane.TlsCertificates.Enqueue(await context.GetHttpContext().Connection.GetClientCertificateAsync(context.CancellationToken));
            var proof = AgentProof.Read(context);
            if (!await requestStream.MoveNext(context.CancellationToken))
                return;

            var stream = new AgentStream(requestStream.Current.Hello, proof, responseStream, context.GetHttpContext());
            plane.streams.Writer.TryWrite(stream);
            await stream.PumpAsync(requestStream, context.CancellationToken);
        }
    }
}
