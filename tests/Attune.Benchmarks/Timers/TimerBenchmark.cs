using Attune.Benchmarks.Events;
using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;
using Dapper;
using Npgsql;

namespace Attune.Benchmarks.Timers;

/// <summary>What a timer's fire costs the server and the database while very many others exist that are not due.</summary>
sealed class TimerBenchmark(BenchSettings settings) : IBenchmark
{
    const int Due = 200;
    const int Few = 1_000;
    const int Many = 100_000;
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    readonly Figure figure = new("CPU per fire among 100,000 timers", "µs", 0, "among 1,000", Target.AtMost(1.5));
    readonly Lifetime few = new();
    readonly Lifetime many = new();
    Side? amongFew;
    Side? amongMany;

    public string Name => "timers";

    public async Task PrepareAsync(CancellationToken ct)
    {
        amongFew = await StartAsync(few, Few, ct);
        amongMany = await StartAsync(many, Many, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var isBaselineFirst = repeat % 2 == 1;
        var before = isBaselineFirst ? await MeasureAsync(amongFew!, ct) : null;
        var use = await MeasureAsync(amongMany!, ct);
        var baseline = before ?? await MeasureAsync(amongFew!, ct);
        return new([new(figure, CostOf(use), CostOf(baseline))]) { CpuUses = [use, baseline] };
    }

    public async ValueTask DisposeAsync()
    {
        await many.DisposeAsync();
        await few.DisposeAsync();
    }

    // The client is this process: it only waits.
    static double CostOf(CpuUse use)
        => use.Seconds.Where(each => each.Key is "server" or "postgres").Sum(each => each.Value) * 1e6 / use.Executions;

    // Past the API: a hundred thousand rules are not what it is about. The first ones fire every second, the others in a year.
    const string AddRules = """
        insert into attune.rule (ref, pack, pack_ref, label, action, action_ref, trigger, trigger_ref, trigger_params, enabled)
        select 'benchevents.timer_' || n, p.id, p.ref, 'Timer', a.id, a.ref, t.id, t.ref,
            jsonb_build_object('interval', case when n <= @due then 1 else 365 end, 'unit', case when n <= @due then 'seconds' else 'days' end,
                'missed', 'skip'),
            true
        from generate_series(1, @count) n, attune.pack p, attune.action a, attune.trigger t
        where p.ref = 'benchevents'
          and a.ref = 'core.noop'
          and t.ref = 'core.intervaltimer'
        """;

    async Task<Side> StartAsync(Lifetime lifetime, int count, CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await EventPack.InstallAsync(installation, ct);
        lifetime.Owns(await installation.StartAgentAsync("bench", 64, ct));
        var connection = lifetime.Owns(new NpgsqlConnection(installation.ConnectionString));
        await connection.ExecuteAsync(new CommandDefinition(AddRules, new { due = Due, count }, commandTimeout: 300, cancellationToken: ct));
        var side = new Side($"{count:N0} timers", connection, new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId }, installation.Postgres.ProcessId, settings.Clock));

        // Planned, fired for a while, and everything compiled.
        while (await side.PlannedAsync(ct) < count)
            await Task.Delay(Look, settings.Clock, ct);

        // So many rows at once are cleaned up behind them by the database, which is no part of a fire.
        await connection.ExecuteAsync(new CommandDefinition("vacuum analyze", commandTimeout: 300, cancellationToken: ct));
        var fired = await side.FiredAsync(ct);
        while (await side.FiredAsync(ct) < fired + (Due * 20L))
            await Task.Delay(Look, settings.Clock, ct);
        return side;
    }

    async Task<CpuUse> MeasureAsync(Side side, CancellationToken ct)
    {
        var (fired, start) = (await side.FiredAsync(ct), side.Cpu.Read());
        await Task.Delay(settings.Window, settings.Clock, ct);
        var use = side.Cpu.Since(start, side.Name, await side.FiredAsync(ct) - fired);
        return use.Executions > 0 ? use : throw new InvalidOperationException("No timer fired.");
    }

    sealed record Side(string Name, NpgsqlConnection Connection, CpuMeter Cpu)
    {
        // Of the newest event: counting them would cost more than what is measured.
        public Task<long> FiredAsync(CancellationToken ct)
            => Connection.QuerySingleAsync<long>(new CommandDefinition("select coalesce(max(id), 0) from attune.event", cancellationToken: ct));

        public Task<long> PlannedAsync(CancellationToken ct)
            => Connection.QuerySingleAsync<long>(
                new CommandDefinition("select count(*) from attune.timer where next_fire_at is not null", cancellationToken: ct));
    }
}
