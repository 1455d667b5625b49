using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.V1;
using Grpc.Core;

namespace Attune.Agent.Tests.Session;

public sealed class HelloTests
{
    [Fact]
    public async Task The_first_message_says_who_the_agent_is_and_proves_it()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, slots: 5);

        var stream = await plane.NextStreamAsync();

        Assert.Equal(1, stream.Hello.ProtocolVersion);
        Assert.Equal("agent-1", stream.Hello.Name);
        Assert.Equal(WorkerRole.Action, stream.Hello.Role);
        Assert.Equal(5, stream.Hello.Slots);
        Assert.Equal(32, stream.Hello.SpoolId.Length);
        Assert.Equal("core.shell 1.2", string.Join(' ', stream.Hello.Runtimes.Select(each => $"{each.RuntimeRef} {each.Version}")));
        Assert.True(stream.Proof.IsGenuine);
        Assert.Equal("CN=agent-1", stream.Proof.Certificate.Subject);
    }

    [Fact]
    public async Task Labels_are_the_operators_and_the_join_tokens()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);

        var stream = await plane.NextStreamAsync();

        Assert.Equal("site=lab zone=a", string.Join(' ', stream.Hello.Labels.OrderBy(each => each.Key).Select(each => $"{each.Key}={each.Value}")));
    }

    [Fact]
    public async Task After_the_welcome_the_agent_asks_for_as_many_items_as_it_has_slots()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, slots: 3);
        var stream = await plane.NextStreamAsync();

        await stream.WelcomeAsync();

        Assert.Equal(3, (await stream.UntilAsync(message => message.Pull is not null)).Pull.Slots);
    }

    [Fact]
    public async Task A_final_refusal_ends_the_agent_with_its_message()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();

        await stream.SendAsync(new() { Refusal = new() { Reason = "PROTOCOL_VERSION", Message = "The server speaks 2, the agent 1." } });

        var end = await Assert.ThrowsAsync<HopelessException>(() => bench.Running.WaitAsync(Soon.Enough));
        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.Contains("The server speaks 2, the agent 1.", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passing_refusal_is_tried_again()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();

        await stream.SendAsync(new() { Refusal = new() { Reason = "NAME_IN_USE", Message = "Connected elsewhere.", Retryable = true } });

        var again = await plane.NextStreamAsync();
        Assert.Equal(stream.Hello.SpoolId, again.Hello.SpoolId);
    }

    [Fact]
    public async Task A_rejected_certificate_ends_the_agent_and_says_what_to_do()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        plane.RejectConnect = () => new(new(StatusCode.Unauthenticated, "the worker was removed"));
        await using var bench = await AgentBench.StartAsync(plane);

        var end = await Assert.ThrowsAsync<HopelessException>(() => bench.Running.WaitAsync(Soon.Enough));

        Assert.Equal(ExitCode.NotJoined, end.ExitCode);
        Assert.Contains("the worker was removed", end.Message, StringComparison.Ordinal);
        Assert.Contains("join again", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runtime_probes_are_answered_with_what_was_found()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();

        await stream.SendAsync(new() { RuntimeProbes = { new RuntimeProbe { RuntimeRef = "core.python" } } });

        var answer = await stream.UntilAsync(message => message.FoundRuntimes.Any(each => each.RuntimeRef == "core.python"));
        Assert.Single(answer.FoundRuntimes);
    }

    [Fact]
    public async Task Heartbeats_come_at_the_servers_interval_and_tell_slots_and_spool()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync(welcome => welcome.HeartbeatInterval = new() { Nanos = 60_000_000 });
        await stream.GiveAsync("actions/run.sh", 1, 2);
        (await bench.JobAsync(1)).Start();
        (await bench.JobAsync(2)).Start();

        var beat = (await stream.UntilAsync(message => message.Heartbeat?.SlotsInUse == 2)).Heartbeat;

        Assert.True(beat.ResidentBytes > 0);
        await stream.UntilAsync(message => message.Heartbeat is not null);
    }

    [Fact]
    public async Task A_control_plane_that_says_nothing_for_a_lease_is_left_for_another_stream()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();

        await stream.WelcomeAsync(welcome =>
        {
            welcome.HeartbeatInterval = new() { Nanos = 60_000_000 };
            welcome.Lease = new() { Nanos = 200_000_000 };
        });

        await plane.NextStreamAsync();
    }
}
