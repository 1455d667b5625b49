using System.Globalization;
using System.Text.Json;
using Attune.Agent.Configuration;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Tests.Session;

public sealed class AgentProgramTests : IDisposable
{
    readonly string state = Directory.CreateTempSubdirectory("attune-program-").FullName;

    public void Dispose() => Directory.Delete(state, recursive: true);

    static Task GiveAsync(AgentStream stream, ActionSpec spec, long executionId, string parameters = "{}")
    {
        var item = AgentStream.Item(executionId);
        item.Parameters = ByteString.CopyFromUtf8(parameters);
        return stream.SendAsync(new() { Specs = { spec }, Items = { item } });
    }

    /// <summary>Dead, or dead and not yet collected by whoever inherited it.</summary>
    static bool Lives(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [Fact]
    public async Task The_program_joins_runs_an_action_reports_it_and_stops_on_a_signal()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var agent = AgentProgram.Start(plane, state);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();

        await GiveAsync(stream, AgentProgram.Publish(plane, "echo working >&2; cat"), 1, """{"answer":42}""");
        var finished = await stream.FinishedAsync(1);
        await stream.AckAsync(finished);
        await agent.SignalAsync("-TERM");

        Assert.Equal(ExitCode.Stopped, await agent.EndAsync());
        Assert.Equal(Outcome.Completed, finished.Outcome);
        Assert.Equal(42, JsonDocument.Parse(finished.Result.ToStringUtf8()).RootElement.GetProperty("answer").GetInt32());
        Assert.Contains(stream.Read.SelectMany(each => each.Logs), log => log.Chunk.Content.ToStringUtf8() == "working\n");
        Assert.DoesNotContain("atj_secret", agent.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_program_leaves_no_process_and_its_successor_reports_the_run_as_lost()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        var spec = AgentProgram.Publish(plane, "echo $$ >&2; exec sleep 1000");
        await using var killed = AgentProgram.Start(plane, state);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await GiveAsync(stream, spec, 1);
        await stream.UntilAsync(message => message.Logs.Count > 0);
        var process = int.Parse(stream.Read[^1].Logs[0].Chunk.Content.ToStringUtf8(), CultureInfo.InvariantCulture);

        await killed.SignalAsync("-KILL");
        await killed.EndAsync();
        await using var successor = AgentProgram.Start(plane, state);
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();
        var lost = await again.FinishedAsync(1);

        Assert.Equal((Outcome.Lost, "AGENT_RESTARTED"), (lost.Outcome, lost.Error.Reason));
        Assert.False(Lives(process));
        Assert.Single(plane.Enrolled);
    }

    [Fact]
    public async Task A_cancel_ends_the_process_and_a_stop_waits_for_nobody_else()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var agent = AgentProgram.Start(plane, state);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await GiveAsync(stream, AgentProgram.Publish(plane, "sleep 1000"), 1);
        await stream.UntilAsync(message => message.Started.Count > 0);

        await stream.SendAsync(new() { Cancels = { new CancelWork { ExecutionId = 1, Attempt = 1, Reason = "enough" } } });

        Assert.Equal(Outcome.Cancelled, (await stream.FinishedAsync(1)).Outcome);
    }

    [Fact]
    public async Task Status_shows_what_runs_and_why_and_says_when_nothing_does()
    {
        await using var nobody = AgentProgram.Start("status", "--state-dir", state);
        Assert.Equal(ExitCode.Failed, await nobody.EndAsync());
        Assert.Contains($"no agent runs with the state directory {state}", nobody.Said, StringComparison.Ordinal);

        await using var plane = await FakeControlPlane.StartAsync();
        await using var agent = AgentProgram.Start(plane, state);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await GiveAsync(stream, AgentProgram.Publish(plane, "sleep 1000"), 31);
        await stream.UntilAsync(message => message.Started.Count > 0);
        await using var text = AgentProgram.Start("status", "--state-dir", state);
        await using var json = AgentProgram.Start("status", "--state-dir", state, "-o", "json");

        Assert.Equal(ExitCode.Stopped, await text.EndAsync());
        Assert.Contains("slots 1 of 4 in use", text.Said, StringComparison.Ordinal);
        Assert.Contains("31 test.act: running", text.Said, StringComparison.Ordinal);
        Assert.Contains("connected for", text.Said, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Stopped, await json.EndAsync());
        var report = JsonDocument.Parse(json.Said).RootElement;
        Assert.Equal(("agent-1", "Connected", 31), (
            report.GetProperty("name").GetString(),
            report.GetProperty("connection").GetString(),
            report.GetProperty("runs")[0].GetProperty("execution_id").GetInt32()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(state, "status.sock")));
    }

    [Fact]
    public async Task A_state_directory_serves_one_agent()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var first = AgentProgram.Start(plane, state);
        await plane.NextStreamAsync();

        await using var second = AgentProgram.Start(plane, state);

        Assert.Equal(ExitCode.StateInUse, await second.EndAsync());
        Assert.Contains("Another agent uses", second.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_end_the_program_with_every_mistake()
    {
        await using var agent = AgentProgram.Start("--server", "http://10.1.2.3:1", "--slots", "none");

        Assert.Equal(ExitCode.Settings, await agent.EndAsync());
        Assert.Contains("--server", agent.Said, StringComparison.Ordinal);
        Assert.Contains("--slots", agent.Said, StringComparison.Ordinal);
    }
}
