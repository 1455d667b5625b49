using System.Text.Json;
using Attune.Agent.Configuration;
using Attune.Agent.Tests.Session;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

/// <summary>The program itself, with `--role hybrid`. A killed one leaves orphans to the process of the tests.</summary>
[Collection(nameof(StoppingTests))]
public sealed class SensorProgramTests : IDisposable
{
    readonly string state = Directory.CreateTempSubdirectory("attune-program-").FullName;

    public void Dispose() => Directory.Delete(state, recursive: true);

    AgentProgram Start(FakeControlPlane plane) => AgentProgram.Start(
        "run", "--server", plane.Address.ToString(), "--name", "agent-1", "--state-dir", state, "--role", "hybrid");

    [Fact]
    public async Task A_killed_program_leaves_no_sensor_process_and_its_successor_sends_every_event_that_was_not_acknowledged()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        var sensor = SensorScript.Publish(plane, """
            trap '' TERM HUP
            n=0
            echo $$ >&2
            while :; do n=$((n + 1)); echo '{"trigger":"test.said","payload":{"n":'$n'}}'; done
            """);
        await using var killed = Start(plane);
        var stream = await plane.NextStreamAsync();
        Assert.Equal(WorkerRole.Hybrid, stream.Hello.Role);
        await stream.WelcomeAsync();
        await stream.AssignAsync(sensor);
        await stream.EventsAsync(100);
        await stream.AckEventsAsync(50);
        await stream.EventsAsync(1020);
        var process = int.Parse(await stream.FirstLogLineAsync(), null);

        await killed.SignalAsync("-KILL");
        await killed.EndAsync();
        await using var successor = Start(plane);
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();
        var events = await again.EventsAsync(900);

        Assert.False(SensorScript.Lives(process));
        Assert.Equal(stream.Hello.SpoolId, again.Hello.SpoolId);
        Assert.All(events, each => Assert.Equal(each.Sequence, each.Json().GetProperty("n").GetInt64()));
        Assert.Equal(51, events[0].Sequence);
        Assert.Equal(Enumerable.Range(51, events.Count).Select(n => (long)n), events.Select(each => each.Sequence));
    }

    [Fact]
    public async Task Status_shows_how_each_sensor_stands_and_how_many_events_wait()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var agent = Start(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.AssignAsync(
            SensorScript.Publish(plane, SensorScript.Echo, "test.works"), SensorScript.Publish(plane, "echo broken >&2; exit 9", "test.fails"));
        await stream.EventsAsync(1);
        while (stream.Read.SelectMany(each => each.SensorReports).All(each => each.State != SensorProcessState.BackingOff))
            await stream.UntilAsync(message => message.SensorReports.Count > 0);
        await using var text = AgentProgram.Start("status", "--state-dir", state);
        await using var json = AgentProgram.Start("status", "--state-dir", state, "-o", "json");

        Assert.Equal(ExitCode.Stopped, await text.EndAsync());
        Assert.Contains("sensors; 1 events waiting", text.Said, StringComparison.Ordinal);
        Assert.Contains("test.works: running for", text.Said, StringComparison.Ordinal);
        Assert.Contains("test.fails: starts again in", text.Said, StringComparison.Ordinal);
        Assert.Contains("failures in a row: 1; last end: exit code 9: broken", text.Said, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, await json.EndAsync());
        var report = JsonDocument.Parse(json.Said).RootElement;
        Assert.Equal(1, report.GetProperty("events_waiting").GetInt64());
        Assert.Equal(["test.fails", "test.works"], report.GetProperty("sensors").EnumerateArray().Select(each => each.GetProperty("sensor").GetString()));
        Assert.True(report.GetProperty("sensors")[1].GetProperty("process").GetInt32() > 1);
    }
}
