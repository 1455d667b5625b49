using System.Security.Cryptography;
using Attune.Packs.Archives;
using Attune.Server.Identities;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Npgsql;

namespace Attune.Benchmarks.Installations;

/// <summary>A whole Attune of real processes: a durable PostgreSQL, a server, an admin; agents as they are asked for.</summary>
sealed class Installation : IAsyncDisposable
{
    readonly ServerProcess server;
    readonly GrpcChannel channel;

    Installation(DurablePostgres postgres, string connectionString, ServerProcess server, string token)
    {
        (Postgres, ConnectionString, this.server) = (postgres, connectionString, server);
        channel = OpenChannel(new(server.Address));
        Admin = new() { { "authorization", $"Bearer {token}" } };
    }

    public DurablePostgres Postgres { get; }

    public string ConnectionString { get; }

    public string Address => server.Address;

    public int ServerProcessId => server.Process.Id;

    /// <summary>Headers of a call by an identity that may do everything.</summary>
    public Metadata Admin { get; }

    public ExecutionService.ExecutionServiceClient Executions => new(channel);

    public WorkflowService.WorkflowServiceClient Workflows => new(channel);

    public WorkerService.WorkerServiceClient Workers => new(channel);

    public PackService.PackServiceClient Packs => new(channel);

    public EventService.EventServiceClient Events => new(channel);

    public TriggerService.TriggerServiceClient Triggers => new(channel);

    public RuleService.RuleServiceClient Rules => new(channel);

    /// <summary>Where webhooks arrive.</summary>
    public Uri HttpAddress => new(server.HttpAddress);

    public static async Task<Installation> StartAsync(TimeProvider clock, CancellationToken ct)
    {
        var postgres = await DurablePostgres.StartAsync(clock, ct);
        try
        {
            var connectionString = await postgres.CreateDatabaseAsync("bench", ct);
            var token = await CreateAdminAsync(connectionString, ct);
            var masterKeys = await CreateMasterKeysAsync(postgres.Scratch, ct);
            var server = await ServerProcess.StartAsync(connectionString, masterKeys, new Dictionary<string, string>(), ct);
            return new(postgres, connectionString, server, token);
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>One connection, HTTP/2 in clear, as clients and agents use it.</summary>
    public static GrpcChannel OpenChannel(Uri address)
        => GrpcChannel.ForAddress(address, new() { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });

    /// <summary>Starts an agent that joins, and waits until the server gives it work.</summary>
    public async Task<BenchAgent> StartAgentAsync(string name, int slots, CancellationToken ct)
    {
        var agent = await BenchAgent.StartAsync(this, BuiltProgram.Agent, name, slots, ct);
        await WorkerConnection.UntilAsync(this, name, isConnected: true, ct);
        return agent;
    }

    /// <summary>Packs a directory and installs it as anybody does.</summary>
    public async Task InstallPackAsync(string directory, CancellationToken ct)
    {
        var problems = new List<Attune.Packs.PackProblem>();
        var archive = PackArchive.Write(PackFiles.FromDirectory(directory, problems));
        if (problems.Count > 0)
            throw new InvalidOperationException(string.Join('\n', problems));

        using var call = Packs.InstallPack(Admin, cancellationToken: ct);
        await call.RequestStream.WriteAsync(new() { Header = new() { Source = "bench" } }, ct);
        foreach (var chunk in archive.Chunk(1 << 20))
            await call.RequestStream.WriteAsync(new() { Chunk = UnsafeByteOperations.UnsafeWrap(chunk) }, ct);
        await call.RequestStream.CompleteAsync();
        await call.ResponseAsync;
    }

    public async ValueTask DisposeAsync()
    {
        channel.Dispose();
        await server.DisposeAsync();
        await Postgres.DisposeAsync();
    }

    static async Task<string> CreateMasterKeysAsync(string directory, CancellationToken ct)
    {
        var file = Path.Combine(directory, "master.keys");
        await File.WriteAllTextAsync(file, $"bench:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}\n", ct);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    // Past the API: the first admin of any installation comes from its own command line.
    const string CreateAdmin = """
        with who as (
            insert into attune.identity (login) values ('bench') returning id
        ),
        everything as (
            insert into attune.permission_set (ref, grants)
            values ('bench.everything', '[{"resource": "*", "actions": ["*"]}]')
            returning id
        ),
        assigned as (
            insert into attune.permission_assignment (identity, permset)
            select who.id, everything.id from who, everything
        )
        insert into attune.api_token (identity, name, token_hash, expires_at)
        select id, 'bench', @hash, now() + interval '1 day' from who
        """;

    static async Task<string> CreateAdminAsync(string connectionString, CancellationToken ct)
    {
        var token = NewToken.Create("att_");
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.ExecuteAsync(new CommandDefinition(CreateAdmin, new { hash = token.Hash }, cancellationToken: ct));
        return token.Text;
    }
}
