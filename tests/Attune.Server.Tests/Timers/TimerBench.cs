using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Tests.Timers;

/// <summary>One or more replicas whose clock the test moves, and rules on the core pack's timers that start core.noop.</summary>
sealed class TimerBench : IAsyncDisposable
{
    readonly List<EdgeBench> replicas = [];

    TimerBench(EdgeBench server, RuleService.RuleServiceClient rules) => (Server, Rules) = (server, rules);

    public EdgeBench Server { get; }

    public RuleService.RuleServiceClient Rules { get; private set; }

    public ManualClock Clock => Server.Clock;

    public DateTimeOffset Now => Clock.GetUtcNow();

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<TimerBench> StartAsync(int replicas = 1)
    {
        var server = await EdgeBench.StartAsync(Soon);
        await Waiting.UntilAsync(
            async () => await server.ScalarAsync<bool>("select exists (select from action where ref = 'core.noop')", Soon), "the core pack", Soon);
        var bench = new TimerBench(server, new(await server.AsAdminAsync(Soon)));
        for (var more = 1; more < replicas; more++)
            await bench.AddReplicaAsync();
        return bench;
    }

    public async Task<EdgeBench> AddReplicaAsync()
    {
        replicas.Add(await Server.StartReplicaAsync(Soon));
        return replicas[^1];
    }

    /// <summary>Moves to where logins of before have ended, and logs in again.</summary>
    public async Task TravelToAsync(DateTimeOffset moment)
    {
        Clock.Jump(moment - Now);
        await SettledAsync();
        Rules = new(await Server.AsAdminAsync(Soon));
    }

    /// <summary>A rule whose timer is planned already.</summary>
    public async Task<Rule> CreateAsync(string name, string trigger, params (string Name, object Value)[] parameters)
    {
        var rule = new Rule { Ref = $"core.{name}", Label = name, TriggerRef = $"core.{trigger}", ActionRef = "core.noop", TriggerParams = StructOf(parameters) };
        var made = (await Rules.CreateRuleAsync(new() { Rule = rule })).Rule;
        await PlannedAsync();
        return made;
    }

    public Task<Rule> EveryAsync(string name, int seconds, string missed = "latest")
        => CreateAsync(name, "intervaltimer", ("interval", seconds), ("missed", missed));

    public static Struct StructOf(params (string Name, object Value)[] parameters)
    {
        var made = new Struct();
        foreach (var (key, value) in parameters)
            made.Fields[key] = value is string text ? Value.ForString(text) : Value.ForNumber(Convert.ToDouble(value, null));
        return made;
    }

    /// <summary>Every rule on a timer has its row, planned from what the rule says now.</summary>
    public Task PlannedAsync() => Waiting.UntilAsync(
        async () => await Server.ScalarAsync<bool>(
            """
            select not exists (
                select from rule r
                left join trigger t on t.ref = r.trigger_ref
                left join timer m on m.rule = r.id and m.trigger_ref = r.trigger_ref and m.trigger_params = r.trigger_params
                    and m.enabled = (r.enabled and coalesce(t.enabled, false))
                where r.trigger_ref like 'core.%timer' and m.id is null)
            """, Soon),
        "all timers are planned", Soon);

    /// <summary>Moves the clock, and waits until nothing is due any more.</summary>
    public async Task AdvanceToAsync(DateTimeOffset moment)
    {
        if (moment > Now)
            Clock.Advance(moment - Now);
        await SettledAsync();
    }

    public Task AdvanceAsync(double seconds) => AdvanceToAsync(Now.AddSeconds(seconds));

    public Task SettledAsync() => Waiting.UntilAsync(
        async () => await Server.ScalarAsync<long>($"select count(*) from timer where next_fire_at <= '{Now:O}'", Soon) == 0,
        "nothing is due", Soon);

    /// <summary>Scheduled times of all events of a rule, oldest first, as `2025-06-01T12:00:00Z`.</summary>
    public async Task<IReadOnlyList<string>> FiresAsync(string name)
    {
        await using var command = Server.Database.Db.CreateCommand(
            $"select payload ->> 'scheduled_at' from event where rule_ref = 'core.{name}' order by payload ->> 'scheduled_at', id");
        await using var reader = await command.ExecuteReaderAsync(Soon);
        var times = new List<string>();
        while (await reader.ReadAsync(Soon))
            times.Add(reader.GetString(0));
        return times;
    }

    public async Task<RuleTimer> ShowAsync(string name) => (await Rules.GetRuleAsync(new() { Ref = $"core.{name}" })).Rule.Timer;

    public Task ExecuteAsync(string sql) => Server.ExecuteAsync(sql, Soon);

    public Task<T> ScalarAsync<T>(string sql) => Server.ScalarAsync<T>(sql, Soon);

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in replicas)
            await replica.DisposeAsync();
        await Server.DisposeAsync();
    }
}
