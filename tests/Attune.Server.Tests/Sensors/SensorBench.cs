using Attune.Packs;
using Attune.Packs.Archives;
using Attune.Server.Identities;
using Attune.Server.Sensors;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Sensors;

/// <summary>
/// The whole server with a pack of two sensors: `edge.watch` for `edge.file_dropped`, which a rule needs, and `edge.poll` for
/// `edge.changed`, which none does.
/// </summary>
sealed class SensorBench : IAsyncDisposable
{
    static readonly (string Path, string Content)[] Pack =
    [
        ("triggers/file_dropped.yaml", """
            ref: edge.file_dropped
            label: A file was dropped
            parameters:
              folder: {type: string, required: true}
              pattern: {type: string, default: "*"}
            output:
              path: {type: string, required: true}
            """),
        ("triggers/changed.yaml", "ref: edge.changed\nlabel: Something changed\n"),
        ("sensors/watch.sh", "cat\n"),
        ("sensors/watch.yaml", """
            ref: edge.watch
            label: Folder watcher
            runtime: core.shell
            entry_point: watch.sh
            triggers: [edge.file_dropped]
            parameters:
              interval: {type: integer, default: 5}
              token: {type: string, secret: true}
            config: {token: hush}
            """),
        ("sensors/poll.yaml", """
            ref: edge.poll
            label: Poller
            runtime: core.python
            entry_point: watch.sh
            triggers: [edge.changed]
            """),
        ("rules/on_file.yaml", Rule("on_file", "edge.file_dropped", "{folder: /srv/in}")),
    ];

    readonly string directory = Directory.CreateTempSubdirectory("attune-sensor-").FullName;

    SensorBench(ServerBench server) => Server = server;

    public ServerBench Server { get; }

    public SensorService.SensorServiceClient Sensors => new(Server.Admin);

    public AssignSensors Assign => Server.Services.GetRequiredService<AssignSensors>();

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<SensorBench> StartAsync()
    {
        var bench = new SensorBench(await ServerBench.StartAsync(Soon));
        await bench.InstallAsync("1.0.0");
        return bench;
    }

    public static string Rule(string name, string trigger, string parameters = "{}", bool enabled = true)
        => $"ref: edge.{name}\nlabel: {name}\ntrigger: {trigger}\ntrigger_params: {parameters}\naction: core.noop\nenabled: {(enabled ? "true" : "false")}\n";

    /// <summary>The pack above; files given replace or join its own.</summary>
    public async Task InstallAsync(string version, params (string Path, string Content)[] files)
    {
        var root = Path.Combine(directory, Guid.NewGuid().ToString("N"));
        foreach (var (path, content) in Pack.Concat(files).Append(("pack.yaml", $"ref: edge\nlabel: Edge\nversion: {version}\n")))
        {
            var target = Path.Combine(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await File.WriteAllTextAsync(target, content, Soon);
        }

        await PackBench.InstallAsync(new(Server.Admin), PackArchive.Write(PackReader.ReadDirectory(root).Files));
    }

    /// <summary>A connected agent for sensors; it has core.shell, and more where the test says so.</summary>
    public async Task<FakeAgent> ConnectAsync(string name, WorkerRole role = WorkerRole.Sensor, params string[] runtimes)
    {
        var agent = await Server.JoinAsync(name, Soon);
        agent.Role = role;
        foreach (var runtime in runtimes)
            agent.Runtimes[runtime] = "";
        await agent.ConnectAsync(Soon);
        return agent;
    }

    public async Task<Sensor> GetAsync(string reference = "edge.watch") => (await Sensors.GetSensorAsync(new() { Ref = reference })).Sensor;

    public Task<Sensor> UntilAsync(Func<Sensor, bool> fits, string what, string reference = "edge.watch")
        => Waiting.ForAsync(() => GetAsync(reference), fits, what, Soon);

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: Soon));
    }

    public async Task<T?> ReadAsync<T>(string sql)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        return await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, cancellationToken: Soon));
    }

    public Task SetRuleAsync(bool enabled) => ExecuteAsync("update rule set enabled = @enabled where ref = 'edge.on_file'", new { enabled });

    /// <summary>The headers of somebody with exactly these grants (JSON).</summary>
    public async Task<Metadata> LoginWithAsync(string grants)
    {
        var token = NewToken.Create("att_");
        await ExecuteAsync(
            """
            with who as (
                insert into identity (login) values (@login) returning id
            ),
            set_ as (
                insert into permission_set (ref, grants) values ('test.' || @login, @grants::jsonb) returning id
            ),
            assigned as (
                insert into permission_assignment (identity, permset) select who.id, set_.id from who, set_
            )
            insert into api_token (identity, name, token_hash, expires_at)
            select id, 'test', @hash, now() + interval '1 day' from who
            """,
            new { login = Guid.NewGuid().ToString("N"), grants, hash = token.Hash });
        return new Metadata { { "authorization", $"Bearer {token.Text}" } };
    }

    public static SensorEvent Dropped(long sequence, string path = "/srv/in/a", string key = "") => new()
    {
        Sequence = sequence,
        SensorRef = "edge.watch",
        TriggerRef = "edge.file_dropped",
        Payload = ByteString.CopyFromUtf8($$"""{"path": "{{path}}"}"""),
        IdempotencyKey = key,
    };

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
