using Attune.Testing;
using Dapper;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>Sensors on real agents, and what becomes of their events when servers and agents die.</summary>
public sealed class NoisySensorTests : IAsyncLifetime
{
    const int Many = 50_000;
    const int Written = Many / 25;

    // Numbers of its own for every life of its process: a sensor that starts anew begins anew.
    const string Sensor = """
        import json, os, sys, time
        start = json.loads(sys.stdin.readline())
        config = start["config"]
        life = str(os.getpid())
        open(config["lives"], "a").write(life + "\n")
        for number in range(config["count"]):
            print(json.dumps({"trigger": "e2e_noise.heard", "payload": {"life": life, "number": number}}), flush=config["slow"])
            if config["slow"]:
                open(config["lives"] + "." + life, "a").write(str(number) + "\n")
                time.sleep(0.02)
        sys.stdout.flush()
        sys.stdin.read()
        """;

    readonly TestPack pack = new("e2e_noise");
    Site site = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    string Lives => Path.Combine(site.Folder, "lives");

    string Notes => Path.Combine(site.Folder, "notes");

    public async Task InitializeAsync() => site = await Site.StartAsync(Soon, ("Workers:Lease", "00:00:06"), ("Workers:Heartbeat", "00:00:01"));

    public async Task DisposeAsync()
    {
        pack.Dispose();
        await site.DisposeAsync();
    }

    [Fact]
    public async Task Fifty_thousand_events_are_each_stored_enforced_and_run_once_though_the_server_is_restarted_twice()
    {
        await site.AddAgentAsync("noisy", ["--role", "sensor"], Soon);
        await site.AddAgentAsync("busy", ["--role", "action", "--slots", "256"], Soon);
        await InstallAsync(Many, slow: false);

        await UntilStoredAsync(Many / 10);
        await site.Servers[0].Process.KillAsync(Soon);
        await site.Servers[0].RestartAsync(Soon);
        await UntilStoredAsync(Many / 2);
        await site.Servers[0].Process.TerminateAsync(Soon);
        await site.Servers[0].RestartAsync(Soon);
        await UntilStoredAsync(Many);
        await UntilAsync("select count(*) from execution where status = 'completed'", Many + Written);

        Assert.Single(File.ReadAllLines(Lives));
        Assert.Equal((Many, Many + Written, Many), await CountAsync());

        // Not only in the books: every 25th started a process on the agent's host, which wrote its number down.
        Assert.Equal(
            Enumerable.Range(0, Written).Select(number => number * 25), File.ReadAllLines(Notes).Select(line => int.Parse(line, null)).Order());
    }

    [Fact]
    public async Task A_killed_agents_sensor_runs_elsewhere_and_no_event_that_it_had_buffered_is_lost()
    {
        var first = await site.AddAgentAsync("first", ["--role", "sensor"], Soon);
        await site.AddAgentAsync("busy", ["--role", "action", "--slots", "256"], Soon);
        await InstallAsync(1_000_000, slow: true);
        await UntilStoredAsync(20);

        // What is emitted while no server is there waits in the agent's buffer when the agent is killed.
        await site.Servers[0].Process.KillAsync(Soon);
        var life = File.ReadAllLines(Lives).Single();
        var seen = SaidBy(life);
        await Waiting.UntilAsync(() => SaidBy(life) > seen + 20, "events without a server", Soon);
        await first.Process.KillAsync(Soon);
        var buffered = SaidBy(life);
        await site.Servers[0].RestartAsync(Soon);
        await site.AddAgentAsync("second", ["--role", "sensor"], Soon);

        await Waiting.UntilAsync(() => File.ReadAllLines(Lives).Length == 2, "the sensor to run elsewhere", Soon);
        var moved = (await site.Client.Sensors.GetSensorAsync(new() { Ref = "e2e_noise.noise" }, cancellationToken: Soon)).Sensor;
        Assert.Equal("second", moved.WorkerName);
        await first.RestartAsync();

        // One that it was just saying when its agent died may not have reached the buffer.
        await UntilAsync(
            $"select count(distinct payload ->> 'number') from event where payload ->> 'life' = '{life}' and (payload ->> 'number')::int < {buffered - 2}",
            buffered - 2);
        await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
        Assert.Equal(0, await connection.QuerySingleAsync<long>(
            "select count(*) from (select 1 from event group by payload ->> 'life', payload ->> 'number' having count(*) > 1) twice"));
    }

    long SaidBy(string life) => File.Exists($"{Lives}.{life}") ? File.ReadAllLines($"{Lives}.{life}").LongLength : 0;

    Task<Attune.V1.InstallPackResponse> InstallAsync(int count, bool slow) => pack
        .Write("triggers/heard.yaml", """
            ref: e2e_noise.heard
            label: Something was heard
            output:
              life: {type: string, required: true}
              number: {type: integer, required: true}
            """)
        .Write("sensors/noise.py", Sensor)
        .Write("sensors/noise.yaml", $$$"""
            ref: e2e_noise.noise
            label: Noise
            runtime: core.python
            entry_point: noise.py
            triggers: [e2e_noise.heard]
            parameters: {lives: {type: string}, count: {type: integer}, slow: {type: boolean}}
            config: {lives: {{{Lives}}}, count: {{{count}}}, slow: {{{(slow ? "true" : "false")}}}}
            """)
        .Write("rules/run.yaml", """
            ref: e2e_noise.run
            label: Run for each
            trigger: e2e_noise.heard
            conditions: [{field: number, operator: greater_than_or_equal, value: 0}]
            action: core.noop
            """)
        .Shell(
            "note", $"""eval "$(cat)"; echo "$number" >> {Notes}""",
            "parameters: {number: {type: integer, required: true}}\nparameter_format: dotenv")
        .Write("rules/note.yaml", """
            ref: e2e_noise.note
            label: Note every 25th
            trigger: e2e_noise.heard
            conditions: ["{{ event.payload.number % 25 == 0 }}"]
            action: e2e_noise.note
            action_params: {number: "{{ event.payload.number }}"}
            """)
        .InstallAsync(site.Client, Soon);

    Task UntilStoredAsync(int count) => UntilAsync("select count(*) from event", count);

    Task UntilAsync(string query, long count) => Waiting.UntilAsync(
        async () =>
        {
            await using var connection = await site.Database.Db.OpenConnectionAsync(CancellationToken.None);
            return await connection.QuerySingleAsync<long>(query) >= count;
        },
        () => $"{count} of: {query}\n{string.Join('\n', site.Outputs.Select(output => output[Math.Max(0, output.Length - 4000)..]))}",
        within: TimeSpan.FromMinutes(4),
        lookAgainAfter: TimeSpan.FromMilliseconds(200),
        CancellationToken.None);

    async Task<(long Events, long Enforcements, long Executions)> CountAsync()
    {
        await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);

        // What a killed server had committed and not yet delivered leaves the queue again, under its second attempt: it was never begun.
        return await connection.QuerySingleAsync<(long, long, long)>("""
            select
                (select count(*) from (select distinct payload from event) e),
                (select count(*) from enforcement where status = 'processed' and error is null),
                (select count(*) from execution where action_ref = 'core.noop' and status = 'completed')
            """);
    }
}
