using Attune.Server.Hosting;
using Attune.Server.Identities;
using Attune.Server.Keys;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Attune.Server.Tests.Hosting;

/// <summary>The real server on a real socket and database, whose clock the test moves.</summary>
sealed class EdgeBench : IAsyncDisposable
{
    public const string AdminPassword = "correct horse battery";

    readonly EdgeBench? first;

    EdgeBench(DatabaseBench database, string directory, WebApplication app, EdgeBench? first)
    {
        (Database, StateDirectory, App, this.first) = (database, directory, app, first);
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Channel = GrpcChannel.ForAddress(Address, new() { HttpHandler = new SocketsHttpHandler { SslOptions = TrustAnyone } });
    }

    public DatabaseBench Database { get; }
    public string StateDirectory { get; }
    public WebApplication App { get; }
    public Uri Address { get; }

    /// <summary>Of the port for webhooks and /healthz.</summary>
    public Uri HttpAddress => new(Get<HttpAddress>().Listening);

    /// <summary>Calls as nobody.</summary>
    public GrpcChannel Channel { get; }

    public ManualClock Clock => Database.Clock;

    public IdentityService.IdentityServiceClient Identities => new(Channel);

    // A test of TLS makes its own channel, with the CA that it trusts.
    static System.Net.Security.SslClientAuthenticationOptions TrustAnyone
        => new() { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null };

    public static Task<EdgeBench> StartAsync(CancellationToken ct, params (string Key, string Value)[] settings)
        => StartAsync(first: null, manualClock: true, _ => { }, ct, settings);

    public static async Task<EdgeBench> StartAsync(
        EdgeBench? first, bool manualClock, Action<WebApplication> map, CancellationToken ct, params (string Key, string Value)[] settings)
    {
        var database = first?.Database ?? await DatabaseBench.CreateAsync(ct);
        var directory = first?.StateDirectory ?? Directory.CreateTempSubdirectory("attune-edge-").FullName;
        var masterKey = Path.Combine(directory, "master.key");
        MasterKeys.CreateFile(masterKey);
        var configured = new Dictionary<string, string?>
        {
            ["Storage:ConnectionString"] = database.ConnectionString,
            ["Server:Listen:0"] = "http://127.0.0.1:0",
            ["Http:Listen:0"] = "http://127.0.0.1:0",
            ["Server:StateDirectory"] = directory,
            ["Security:MasterKeyFile"] = masterKey,
        };
        foreach (var (key, value) in settings)
            configured[key] = value;

        var app = Program.Build(
            new ConfigurationBuilder().AddInMemoryCollection(configured).Build(),
            builder =>
            {
                if (manualClock)
                    builder.Services.AddSingleton<TimeProvider>(database.Clock);
            });
        map(app);
        await app.StartAsync(ct);
        return new(database, directory, app, first);
    }

    /// <summary>Another replica on the same database, with the same master key.</summary>
    public Task<EdgeBench> StartReplicaAsync(CancellationToken ct) => StartAsync(this, manualClock: true, _ => { }, ct);

    public T Get<T>()
        where T : notnull
        => App.Services.GetRequiredService<T>();

    /// <summary>The identity `admin`, made if need be, by an API token.</summary>
    public async Task<CallInvoker> AsAdminAsync(CancellationToken ct)
    {
        if (await Get<IdentityStore>().FindAsync("admin", ct) is null)
            (await Get<FirstAdmin>().CreateAsync("admin", AdminPassword, ct)).OrThrowRpc();
        return await AsAsync("admin", ct);
    }

    /// <summary>By a new API token of an identity that exists.</summary>
    public async Task<CallInvoker> AsAsync(string login, CancellationToken ct) => With(await TokenForAsync(login, ct));

    public async Task<string> TokenForAsync(string login, CancellationToken ct)
    {
        var identity = await Get<IdentityStore>().FindAsync(login, ct);
        var caller = await Get<CallerStore>().FindByIdentityAsync(identity!.Id, ct);
        return (await Get<ApiTokens>().CreateAsync("test", null, caller!.Caller, ct)).OrThrowRpc().Text;
    }

    public CallInvoker With(string token)
        => Channel.Intercept(metadata =>
        {
            metadata.Add("authorization", $"Bearer {token}");
            return metadata;
        });

    /// <summary>An identity with a permission set of its own, which grants what the JSON says.</summary>
    public async Task<CallInvoker> AsNewAsync(string login, string grants, CancellationToken ct)
    {
        await ExecuteAsync(
            $$"""
            with who as (insert into identity (login) values ('{{login}}') returning id),
                what as (insert into permission_set (ref, grants) values ('test.{{login}}', '{{grants}}') returning id)
            insert into permission_assignment (identity, permset) select who.id, what.id from who, what
            """,
            ct);
        return await AsAsync(login, ct);
    }

    public async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var command = Database.Db.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken ct)
    {
        await using var command = Database.Db.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>A counter of pg_stat_user_tables, once every idle backend has handed in what it counted: they do so late, or when they end.</summary>
    public async Task<long> CounterAsync(string expression, string table, CancellationToken ct)
    {
        await Waiting.UntilAsync(
            async () =>
            {
                // The server goes on meanwhile, and what it opens is idle again a moment later.
                Get<NpgsqlDataSource>().Clear();
                Database.Db.Clear();
                return await ScalarAsync<long>(
                    """
                    select count(*) from pg_stat_activity
                    where datname = current_database() and application_name in ('attune-server', 'attune-test') and pid <> pg_backend_pid()
                    """, ct) == 0;
            },
            "idle backends are gone", ct);
        return await ScalarAsync<long>($"select {expression} from pg_stat_user_tables where schemaname = 'attune' and relname = '{table}'", ct);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        if (first is not null)
            return;

        await Database.DisposeAsync();
        Directory.Delete(StateDirectory, recursive: true);
    }
}

/// <summary>What a refused call says.</summary>
static class Refused
{
    public static async Task<RpcException> OfAsync<T>(AsyncUnaryCall<T> call)
        => await Assert.ThrowsAsync<RpcException>(async () => await call);

    public static ErrorDetail Detail(this RpcException refused)
    {
        var status = Google.Rpc.Status.Parser.ParseFrom(refused.Trailers.GetValueBytes("grpc-status-details-bin"));
        return status.Details[0].Unpack<ErrorDetail>();
    }

    public static void Is(this RpcException refused, StatusCode code, string reason)
    {
        Assert.Equal(code, refused.StatusCode);
        Assert.Equal(reason, refused.Detail().Reason);
    }
}
