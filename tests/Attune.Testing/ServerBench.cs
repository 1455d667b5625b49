using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Attune.Server.Identities;
using Attune.V1;
using Dapper;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Testing;

/// <summary>The product's own server, in this process, on a real socket and a real database, with an admin who is logged in.</summary>
public sealed class ServerBench : IAsyncDisposable
{
    readonly WebApplication app;
    readonly string directory;
    readonly bool ownsDatabase;

    ServerBench(WebApplication app, DatabaseBench database, bool ownsDatabase, string directory, Uri address, string token)
    {
        (this.app, Database, this.ownsDatabase, this.directory, Address) = (app, database, ownsDatabase, directory, address);
        Anonymous = Open(address);
        Admin = Anonymous.Intercept(new BearerInterceptor(token));
        AdminToken = token;
    }

    public DatabaseBench Database { get; }

    public Uri Address { get; }

    /// <summary>Of the port for webhooks and /healthz.</summary>
    public Uri HttpAddress => new(Services.GetRequiredService<Attune.Server.Hosting.HttpAddress>().Listening);

    /// <summary>An API token of an identity that may do everything.</summary>
    public string AdminToken { get; }

    public GrpcChannel Anonymous { get; }

    /// <summary>Calls as the admin.</summary>
    public CallInvoker Admin { get; }

    public IServiceProvider Services => app.Services;

    public ExecutionService.ExecutionServiceClient Executions => new(Admin);

    public WorkerService.WorkerServiceClient Workers => new(Admin);

    /// <param name="other">Another replica on the same database; null: a database of its own.</param>
    /// <param name="settings">Over the defaults: `Workers:Lease` and the like.</param>
    public static async Task<ServerBench> StartAsync(
        CancellationToken ct, ServerBench? other = null, params (string Key, string Value)[] settings)
    {
        var database = other?.Database ?? await DatabaseBench.CreateAsync(ct);
        var directory = other?.directory ?? Directory.CreateTempSubdirectory("attune-test-").FullName;
        var masterKeys = Path.Combine(directory, "master.keys");
        if (!File.Exists(masterKeys))
        {
            await File.WriteAllTextAsync(masterKeys, $"test:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}\n", ct);
            File.SetUnixFileMode(masterKeys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var configured = new Dictionary<string, string?>
        {
            ["Storage:ConnectionString"] = database.ConnectionString,
            ["Server:Listen:0"] = address.ToString().TrimEnd('/'),
            ["Http:Listen:0"] = "http://127.0.0.1:0",
            ["Server:StateDirectory"] = directory,
            ["Security:MasterKeyFile"] = masterKeys,
        };
        foreach (var (key, value) in settings)
            configured[key] = value;

        var app = Attune.Server.Program.Build(new ConfigurationBuilder().AddInMemoryCollection(configured).Build());
        await app.StartAsync(ct);
        var token = other?.AdminToken ?? await CreateAdminAsync(database, ct);
        return new(app, database, other is null, directory, address, token);
    }

    /// <summary>An agent with a fresh join token.</summary>
    public async Task<FakeAgent> JoinAsync(string name, CancellationToken ct)
    {
        var made = await Workers.CreateJoinTokenAsync(new() { Role = WorkerRole.Hybrid }, cancellationToken: ct);
        return await FakeAgent.JoinAsync(Anonymous, name, made.Token, ct);
    }

    public async Task StopAsync(CancellationToken ct) => await app.StopAsync(ct);

    public async ValueTask DisposeAsync()
    {
        Anonymous.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        if (!ownsDatabase)
            return;
        await Database.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    static GrpcChannel Open(Uri address) => GrpcChannel.ForAddress(address, new()
    {
        HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
    });

    // Written past the API: the first admin of a real installation comes from `dev` or `identity bootstrap` the same way.
    static async Task<string> CreateAdminAsync(DatabaseBench database, CancellationToken ct)
    {
        var token = NewToken.Create("att_");
        await using var connection = await database.Db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            with who as (
                insert into identity (login) values ('admin') returning id
            ),
            set_ as (
                insert into permission_set (ref, grants)
                values ('test.admin', '[{"resource": "*", "actions": ["*"]}]')
                returning id
            ),
            assigned as (
                insert into permission_assignment (identity, permset)
                select who.id, set_.id from who, set_
            )
            insert into api_token (identity, name, token_hash, expires_at)
            select id, 'test', @hash, now() + interval '1 day' from who
            """,
            new { hash = token.Hash },
            cancellationToken: ct));
        return token.Text;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    sealed class BearerInterceptor(string token) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
            => continuation(request, With(context));

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
            AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
            => continuation(request, With(context));

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
            => continuation(With(context));

        ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context)
            where TRequest : class
            where TResponse : class
            => new(context.Method, context.Host, context.Options.WithHeaders(new Metadata { { "authorization", $"Bearer {token}" } }));
    }
}
