using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Events;

/// <summary>The whole server with a pack that watches something: a trigger `edge.seen`, an action `edge.act`, and what a test adds.</summary>
sealed class ChainBench : IAsyncDisposable
{
    readonly PackBench packs;

    ChainBench(PackBench packs) => this.packs = packs;

    public PackBench Packs => packs;

    public ServerBench Server => packs.Server;

    public EventService.EventServiceClient Events => new(Server.Admin);

    public RuleService.RuleServiceClient Rules => new(Server.Admin);

    public TriggerService.TriggerServiceClient Triggers => new(Server.Admin);

    public const string Trigger = """
        ref: edge.seen
        output:
          host: {type: string, required: true}
          severity: {type: string, enum: [low, high], default: low}
          count: {type: integer, default: 1}
          token: {type: string, secret: true}
        """;

    public const string Action = """
        ref: edge.act
        runtime: core.shell
        entry_point: run.sh
        parameters:
          host: {type: string, required: true}
          times: {type: integer, default: 1, maximum: 100}
          token: {type: string, secret: true}
        """;

    /// <summary>Matches high severity.</summary>
    public const string Rule = """
        ref: edge.on_high
        trigger: edge.seen
        conditions: [{field: severity, operator: equals, value: high}]
        action: edge.act
        action_params: {host: "{{ event.payload.host }}", times: "{{ event.payload.count }}"}
        """;

    public static async Task<ChainBench> StartAsync(params (string Path, string Content)[] files)
    {
        var bench = new ChainBench(await PackBench.StartAsync());
        await bench.InstallAsync("1.0.0", files);
        return bench;
    }

    public Task<InstallPackResponse> InstallAsync(string version, params (string Path, string Content)[] files)
        => packs.InstallAsync(Archive(version, files));

    public byte[] Archive(string version, params (string Path, string Content)[] files) => packs.Archive(
        "edge",
        version,
        [],
        [("actions/run.sh", "echo\n"), ("triggers/seen.yaml", Trigger), ("actions/act.yaml", Action), .. files]);

    public async Task<EmitEventResponse> EmitAsync(string payload, string key = "", string trigger = "edge.seen")
        => await Events.EmitEventAsync(new() { TriggerRef = trigger, Payload = Json(payload), IdempotencyKey = key });

    public async Task<Event> EventAsync(long id) => (await Events.GetEventAsync(new() { EventId = id })).Event;

    public async Task<Execution> ExecutionAsync(long id)
        => (await Server.Executions.GetExecutionAsync(new() { ExecutionId = id })).Execution;

    public Task<long> CountAsync(string table) => packs.ReadAsync<long>($"select count(*) from {table}");

    public async Task<Rule> CreateRuleAsync(string json, bool enabled = true)
        => (await Rules.CreateRuleAsync(new() { Rule = JsonParser.Default.Parse<Rule>(json), Enabled = enabled })).Rule;

    /// <summary>Calls as somebody with exactly these grants (JSON).</summary>
    public Task<Metadata> LoginWithAsync(string grants) => packs.LoginWithAsync(grants);

    public T Get<T>()
        where T : notnull
        => Server.Services.GetRequiredService<T>();

    public static Struct Json(string json) => JsonParser.Default.Parse<Struct>(json);

    public ValueTask DisposeAsync() => packs.DisposeAsync();
}
