using System.Text.Json;
using Attune.Server.Dispatch;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Sensors;

/// <summary>Who gets a sensor, what it is told, and when it moves.</summary>
public sealed class SensorAssignmentTests : IAsyncLifetime
{
    SensorBench bench = null!;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_sensor_that_a_rule_needs_is_given_to_an_agent_with_all_that_its_process_must_know()
    {
        await using var agent = await bench.ConnectAsync("one");
        var sensor = await agent.NextSensorAsync("edge.watch", Soon);

        Assert.Equal(("edge", "1.0.0", "sensors/watch.sh", "core.shell"), (sensor.PackRef, sensor.PackVersion, sensor.EntryPoint, sensor.RuntimeRef));
        Assert.Equal(64, sensor.ReleaseDigest.Length);
        Assert.NotEmpty(sensor.Runtime.InterpreterBinary);
        Assert.Equal(["edge.file_dropped"], sensor.TriggerRefs);
        using var config = JsonDocument.Parse(sensor.Config.Memory);
        Assert.Equal((5, "hush"), (config.RootElement.GetProperty("interval").GetInt32(), config.RootElement.GetProperty("token").GetString()));
        Assert.Equal(["token"], sensor.SecretConfig);

        var rule = Assert.Single(sensor.Rules);
        Assert.Equal(("edge.on_file", "edge.file_dropped"), (rule.RuleRef, rule.TriggerRef));
        using var parameters = JsonDocument.Parse(rule.TriggerParams.Memory);
        Assert.Equal("/srv/in", parameters.RootElement.GetProperty("folder").GetString());
        Assert.Equal("*", parameters.RootElement.GetProperty("pattern").GetString());
    }

    [Fact]
    public async Task What_no_rule_needs_is_given_to_nobody_and_says_so()
    {
        await using var agent = await bench.ConnectAsync("one", WorkerRole.Hybrid, "core.python");
        var list = await agent.NextSensorsAsync(list => list.Count > 0, Soon);
        Assert.Equal(["edge.watch"], list.Select(sensor => sensor.SensorRef));

        var idle = await bench.GetAsync("edge.poll");
        Assert.Equal(SensorState.Idle, idle.State);
        Assert.Contains("No enabled rule on edge.changed needs it", idle.Why);
    }

    [Fact]
    public async Task An_agent_that_takes_sensors_is_told_even_that_it_has_none()
    {
        await bench.SetRuleAsync(enabled: false);
        await using var agent = await bench.ConnectAsync("one");
        Assert.Empty(await agent.NextSensorsAsync(_ => true, Soon));
    }

    [Fact]
    public async Task A_sensor_goes_only_where_role_and_runtime_fit_and_why_says_what_is_missing()
    {
        await bench.InstallAsync("1.0.1", ("rules/on_change.yaml", SensorBench.Rule("on_change", "edge.changed")));
        await using var action = await bench.ConnectAsync("action", WorkerRole.Action, "core.python");
        Assert.Equal("No agent with role sensor or hybrid is connected.", (await bench.GetAsync("edge.poll")).Why);

        await using var bare = await bench.ConnectAsync("bare");
        var unassigned = await bench.GetAsync("edge.poll");
        Assert.Equal(SensorState.Unassigned, unassigned.State);
        Assert.Equal("bare, the only connected agent with role sensor or hybrid, has no core.python.", unassigned.Why);

        await bare.SendAsync(new() { FoundRuntimes = { new FoundRuntime { RuntimeRef = "core.python", Version = "3.11", Path = "" } } }, Soon);
        await bare.NextSensorAsync("edge.poll", Soon);
        Assert.Equal("bare", (await bench.GetAsync("edge.poll")).WorkerName);
    }

    [Fact]
    public async Task Sensors_are_spread_over_the_agents()
    {
        await bench.InstallAsync("1.0.1", ("rules/on_change.yaml", SensorBench.Rule("on_change", "edge.changed")));
        await bench.ExecuteAsync("update sensor set runtime_ref = 'core.shell', enabled = false where ref like 'edge.%'");
        await using var one = await bench.ConnectAsync("one");
        await using var two = await bench.ConnectAsync("two");
        await bench.ExecuteAsync("update sensor set enabled = true where ref = 'edge.watch'");
        await bench.UntilAsync(sensor => sensor.WorkerName is not "", "the first sensor to be given");
        await bench.ExecuteAsync("update sensor set enabled = true where ref = 'edge.poll'");
        await bench.UntilAsync(sensor => sensor.WorkerName is not "", "the second sensor to be given", "edge.poll");

        Assert.Equal(["one", "two"], new[] { await bench.GetAsync(), await bench.GetAsync("edge.poll") }.Select(each => each.WorkerName).Order());
    }

    [Fact]
    public async Task A_rule_change_reaches_the_agent_without_a_new_generation()
    {
        await using var agent = await bench.ConnectAsync("one");
        var first = await agent.NextSensorAsync("edge.watch", Soon);

        await bench.ExecuteAsync("""update rule set trigger_params = '{"folder": "/srv/other"}' where ref = 'edge.on_file'""");
        var second = await agent.NextSensorAsync("edge.watch", Soon);
        Assert.Contains("/srv/other", Assert.Single(second.Rules).TriggerParams.ToStringUtf8());
        Assert.Equal(first.Generation, second.Generation);

        await bench.InstallAsync("1.0.0", ("rules/extra.yaml", SensorBench.Rule("extra", "edge.file_dropped", "{folder: /srv/more}")));
        var third = (await agent.NextSensorsAsync(list => list[0].Rules.Count == 2, Soon))[0];
        Assert.Equal(["edge.extra", "edge.on_file"], third.Rules.Select(rule => rule.RuleRef));
    }

    [Fact]
    public async Task An_agent_hears_nothing_when_nothing_changed_for_it()
    {
        await using var agent = await bench.ConnectAsync("one");
        var first = await agent.NextSensorAsync("edge.watch", Soon);
        await bench.ExecuteAsync("update rule set label = 'Another label' where ref = 'edge.on_file'");
        await bench.ExecuteAsync("update pack set label = 'Another label' where ref = 'edge'");
        await bench.ExecuteAsync("update sensor_assignment set event_count = event_count + 1");

        await bench.SetRuleAsync(enabled: false);
        Assert.Empty((await agent.NextSensorsAsync(_ => true, Soon)).SelectMany(sensor => sensor.Rules));
        await bench.UntilAsync(sensor => sensor.WorkerName is "", "the sensor to be taken back");
        await bench.SetRuleAsync(enabled: true);
        await agent.NextSensorsAsync(list => list.Count == 1 && list[0].Generation > first.Generation, Soon);
    }

    [Fact]
    public async Task A_new_release_or_configuration_is_a_new_generation()
    {
        await using var agent = await bench.ConnectAsync("one");
        var first = await agent.NextSensorAsync("edge.watch", Soon);

        await bench.InstallAsync("1.1.0", ("sensors/watch.sh", "cat # better\n"));
        var released = (await agent.NextSensorsAsync(list => list[0].PackVersion == "1.1.0", Soon))[0];
        Assert.NotEqual(first.ReleaseDigest, released.ReleaseDigest);
        await Waiting.UntilAsync(
            async () => (released = released.Generation > first.Generation ? released : await agent.NextSensorAsync("edge.watch", Soon)).Generation
                > first.Generation,
            "a new generation", Soon);

        await bench.ExecuteAsync("""update sensor set config = '{"interval": 9}' where ref = 'edge.watch'""");
        var configured = (await agent.NextSensorsAsync(list => list[0].Generation > released.Generation, Soon))[0];
        Assert.Contains("9", configured.Config.ToStringUtf8());
    }

    [Fact]
    public async Task A_restart_is_a_new_generation_and_refused_where_nothing_runs()
    {
        await using var agent = await bench.ConnectAsync("one");
        var first = await agent.NextSensorAsync("edge.watch", Soon);
        await agent.ReportAsync(first, SensorProcessState.BackingOff, Soon, failuresInRow: 4);
        await bench.UntilAsync(sensor => sensor.State is SensorState.BackingOff, "the report");

        var asked = (await bench.Sensors.RestartSensorAsync(new() { Ref = "edge.watch" })).Sensor;
        Assert.Equal((SensorState.Assigned, 0), (asked.State, asked.FailuresInRow));
        Assert.True((await agent.NextSensorAsync("edge.watch", Soon)).Generation > first.Generation);

        var refused = await RefusedCall.OfAsync(() => bench.Sensors.RestartSensorAsync(new() { Ref = "edge.poll" }).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "SENSOR_NOT_RUNNING"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task A_built_in_sensor_is_neither_enabled_nor_disabled_nor_restarted()
    {
        const string BuiltIn = "core.timer_sensor";
        foreach (var call in new Func<Task>[]
                 {
                     async () => await bench.Sensors.DisableSensorAsync(new() { Ref = BuiltIn }),
                     async () => await bench.Sensors.EnableSensorAsync(new() { Ref = BuiltIn }),
                     async () => await bench.Sensors.RestartSensorAsync(new() { Ref = BuiltIn }),
                 })
        {
            var refused = await RefusedCall.OfAsync(call);
            Assert.Equal((StatusCode.FailedPrecondition, "SENSOR_BUILT_IN"), (refused.Code, refused.Reason));
        }

        Assert.True((await bench.GetAsync(BuiltIn)).Enabled);
    }

    [Fact]
    public async Task A_disabled_sensor_is_stopped_and_an_enabled_one_runs_again()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);

        var disabled = (await bench.Sensors.DisableSensorAsync(new() { Ref = "edge.watch" })).Sensor;
        Assert.Equal(SensorState.Idle, disabled.State);
        Assert.Contains("disabled", disabled.Why);
        await agent.NextSensorsAsync(list => list.Count == 0, Soon);

        await bench.Sensors.EnableSensorAsync(new() { Ref = "edge.watch" });
        await agent.NextSensorAsync("edge.watch", Soon);
    }

    [Fact]
    public async Task A_sensor_whose_trigger_is_disabled_or_whose_pack_is_removed_is_stopped()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        await bench.ExecuteAsync("update trigger set enabled = false where ref = 'edge.file_dropped'");
        await agent.NextSensorsAsync(list => list.Count == 0, Soon);
        await bench.ExecuteAsync("update trigger set enabled = true where ref = 'edge.file_dropped'");
        await agent.NextSensorAsync("edge.watch", Soon);

        await bench.ExecuteAsync("delete from pack where ref = 'edge'");
        await agent.NextSensorsAsync(list => list.Count == 0, Soon);
    }

    [Fact]
    public async Task A_disconnected_agent_keeps_its_sensor_until_its_lease_has_run_out()
    {
        await using var first = await bench.ConnectAsync("first");
        var before = await first.NextSensorAsync("edge.watch", Soon);
        await first.DropAsync();
        await Waiting.UntilAsync(() => Sessions.All.IsEmpty, "the session to end", Soon);
        await using var second = await bench.ConnectAsync("second");
        Assert.Empty(await second.NextSensorsAsync(_ => true, Soon));
        Assert.Equal(0, await bench.Assign.RunAsync(Soon));
        Assert.Contains("first is not connected, and keeps it until its lease ends", (await bench.GetAsync()).Why);

        // Servers and agents were away: until a whole lease has passed with a server there, silence means nothing.
        await bench.ExecuteAsync("update worker set lease_expires_at = now() - interval '1 second' where name = 'first'");
        Assert.Equal(0, await bench.Assign.RunAsync(Soon));

        await bench.Server.Services.GetRequiredService<LostWork>().SweepAsync(Soon);
        var after = await second.NextSensorAsync("edge.watch", Soon);
        Assert.True(after.Generation > before.Generation);
        Assert.Equal("second", (await bench.GetAsync()).WorkerName);

        await first.ConnectAsync(Soon);
        Assert.Empty(await first.NextSensorsAsync(_ => true, Soon));
    }

    [Fact]
    public async Task A_sensor_that_nobody_else_can_take_goes_on_when_its_silent_agent_comes_back()
    {
        await using var only = await bench.ConnectAsync("only");
        var before = await only.NextSensorAsync("edge.watch", Soon);
        await only.DropAsync();
        await Waiting.UntilAsync(() => Sessions.All.IsEmpty, "the session to end", Soon);
        await bench.ExecuteAsync("update worker set lease_expires_at = now() - interval '1 second' where name = 'only'");
        await bench.Server.Services.GetRequiredService<LostWork>().SweepAsync(Soon);
        Assert.Equal("inactive", await bench.ReadAsync<string>("select status::text from worker where name = 'only'"));
        Assert.Equal(0, await bench.Assign.RunAsync(Soon));

        await only.ConnectAsync(Soon);

        Assert.Equal(before.Generation, (await only.NextSensorAsync("edge.watch", Soon)).Generation);
    }

    [Fact]
    public async Task A_draining_agent_gives_its_sensor_away_and_a_cordoned_one_keeps_it()
    {
        await using var first = await bench.ConnectAsync("first");
        await first.NextSensorAsync("edge.watch", Soon);
        await bench.Server.Workers.CordonWorkerAsync(new() { Name = "first" });
        Assert.Equal(0, await bench.Assign.RunAsync(Soon));

        await bench.Server.Workers.DrainWorkerAsync(new() { Name = "first", Reason = "kernel update" });
        await first.NextSensorsAsync(list => list.Count == 0, Soon);
        var waiting = await bench.GetAsync();
        Assert.Equal((SensorState.Unassigned, "first is draining, and no other connected agent can run it."), (waiting.State, waiting.Why));

        await using var second = await bench.ConnectAsync("second", WorkerRole.Hybrid);
        await second.NextSensorAsync("edge.watch", Soon);
    }

    [Fact]
    public async Task An_agent_that_will_stop_or_is_removed_loses_its_sensor_at_once()
    {
        await using var first = await bench.ConnectAsync("first");
        await first.NextSensorAsync("edge.watch", Soon);
        await first.SendAsync(new() { Drain = new() { Reason = "stopping" } }, Soon);
        await first.NextSensorsAsync(list => list.Count == 0, Soon);
        Assert.Equal("first is draining, and no other connected agent can run it.", (await bench.GetAsync()).Why);
        await first.SendAsync(new() { Drain = new() { Lifted = true } }, Soon);
        await first.NextSensorAsync("edge.watch", Soon);

        await first.LeaveAsync(Soon);
        await bench.UntilAsync(sensor => sensor.State is SensorState.Unassigned, "the sensor to be taken from the agent that left");

        await using var second = await bench.ConnectAsync("second");
        await second.NextSensorAsync("edge.watch", Soon);
        await bench.ExecuteAsync("delete from worker where name = 'second'");
        await bench.UntilAsync(sensor => sensor.WorkerName is "", "the sensor to be taken from the agent that is gone");
    }

    [Fact]
    public async Task A_change_made_at_one_replica_reaches_the_agent_at_another()
    {
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        await using var joined = await bench.Server.JoinAsync("there", Soon);
        joined.Role = WorkerRole.Sensor;
        await using var there = joined.On(other.Anonymous);
        await there.ConnectAsync(Soon);
        var first = await there.NextSensorAsync("edge.watch", Soon);

        await bench.InstallAsync("1.0.0", ("rules/extra.yaml", SensorBench.Rule("extra", "edge.file_dropped", "{folder: /srv/more}")));
        await there.NextSensorsAsync(list => list[0].Rules.Count == 2, Soon);

        await bench.Sensors.RestartSensorAsync(new() { Ref = "edge.watch" });
        Assert.True((await there.NextSensorsAsync(list => list[0].Generation > first.Generation, Soon)).Count == 1);

        await there.LogAsync("edge.watch", Soon, "said there");
        using var log = bench.Sensors.StreamSensorLogs(new() { Ref = "edge.watch", Follow = true });
        Assert.True(await log.ResponseStream.MoveNext(Soon));
        Assert.Equal("said there", log.ResponseStream.Current.Lines[0].Text);

        await bench.Sensors.DisableSensorAsync(new() { Ref = "edge.watch" });
        await there.NextSensorsAsync(list => list.Count == 0, Soon);
    }

    AgentSessions Sessions => bench.Server.Services.GetRequiredService<AgentSessions>();
}
