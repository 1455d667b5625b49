using Attune.V1;

namespace Attune.Agent.Tests.Session;

public sealed class ItemTests : IAsyncLifetime
{
    FakeControlPlane plane = null!;
    AgentBench bench = null!;
    AgentStream stream = null!;

    public async Task InitializeAsync()
    {
        plane = await FakeControlPlane.StartAsync();
        bench = await AgentBench.StartAsync(plane, slots: 2);
        stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
    }

    public async Task DisposeAsync()
    {
        await bench.DisposeAsync();
        await plane.DisposeAsync();
    }

    [Fact]
    public async Task A_builtin_ends_without_a_started_of_its_own()
    {
        await stream.GiveAsync("builtin:noop", 1);

        Assert.Equal(Outcome.Completed, (await stream.FinishedAsync(1)).Outcome);
        Assert.DoesNotContain(stream.Read, message => message.Started.Count > 0);
    }

    [Fact]
    public async Task Ends_that_gather_travel_in_one_message()
    {
        await stream.GiveAsync("builtin:noop", Enumerable.Range(1, 300).Select(each => (long)each));

        var first = await stream.UntilAsync(message => message.Finished.Count > 0);

        Assert.Equal(300, first.Finished.Count);
    }

    [Fact]
    public async Task Work_beyond_the_slots_is_given_back_and_never_begun()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2, 3);

        var message = await stream.UntilAsync(each => each.Returned.Count > 0);

        Assert.Equal((3, 1, "SLOTS_FULL"), message.Returned.Select(each => (each.ExecutionId, each.Attempt, each.Reason)).Single());
        await bench.JobAsync(1);
        await bench.JobAsync(2);
        Assert.Equal(2, bench.JobsBegun);
    }

    [Fact]
    public async Task A_slot_is_free_as_soon_as_the_end_is_reported()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2);
        for (var next = 3; next < 40; next++)
        {
            (await bench.JobAsync(next - 2)).Finish();
            await stream.FinishedAsync(next - 2);
            await stream.GiveAsync("actions/run.sh", next);
        }

        await bench.JobAsync(39);
        Assert.DoesNotContain(stream.Read, message => message.Returned.Count > 0);
    }

    [Fact]
    public async Task An_item_with_an_unknown_spec_is_given_back()
    {
        await stream.SendAsync(new() { Items = { AgentStream.Item(1, spec: 99) } });

        var message = await stream.UntilAsync(each => each.Returned.Count > 0);

        Assert.Equal("UNKNOWN_SPEC", message.Returned.Single().Reason);
    }

    [Fact]
    public async Task The_same_attempt_given_twice_runs_once()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);

        await stream.GiveAsync("actions/run.sh", 1);
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);

        Assert.Same(job, await bench.JobAsync(1));
    }

    [Fact]
    public async Task A_run_that_goes_on_says_that_it_started()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        (await bench.JobAsync(1)).Start();

        var started = (await stream.UntilAsync(message => message.Started.Count > 0)).Started.Single();

        Assert.Equal((1, 1), (started.ExecutionId, started.Attempt));
        Assert.NotNull(started.StartedAt);
    }

    [Fact]
    public async Task Started_never_follows_the_end()
    {
        for (var id = 1; id <= 200; id++)
        {
            await stream.GiveAsync("actions/run.sh", id);
            var job = await bench.JobAsync(id);
            job.Start();

            // Around the moment at which the agent would say it.
            await Task.Delay(TimeSpan.FromMilliseconds(id % 5 == 0 ? 25 : 0), TimeProvider.System, Soon.Enough);
            job.Finish();
            await stream.AckAsync(await stream.FinishedAsync(id));
        }

        var ended = new HashSet<long>();
        foreach (var message in stream.Read)
        {
            // Within one message the control plane takes `started` first.
            Assert.DoesNotContain(message.Started, each => ended.Contains(each.ExecutionId));
            Assert.Empty(message.Started.Select(each => each.ExecutionId).Intersect(message.Finished.Select(each => each.ExecutionId)));
            ended.UnionWith(message.Finished.Select(each => each.ExecutionId));
        }

        Assert.Equal(200, ended.Count);
    }

    [Fact]
    public async Task A_cancel_reaches_the_run_with_its_reason_and_the_report_is_the_runs()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        await stream.SendAsync(new() { Cancels = { new CancelWork { ExecutionId = 1, Attempt = 1, Reason = "no longer needed" } } });
        await job.CancelledAsync();
        job.Finish(Outcome.Cancelled);

        Assert.Equal("no longer needed", job.Control.Reason);
        Assert.Equal(Outcome.Cancelled, (await stream.FinishedAsync(1)).Outcome);
    }

    [Fact]
    public async Task A_stale_acknowledgement_stops_the_run_and_silences_it()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await stream.UntilAsync(message => message.Started.Count > 0);

        await stream.SendAsync(new() { Acks = { new ReportAck { ExecutionId = 1, Attempt = 1, Stale = true } } });
        await Soon.UntilAsync(() => job.Control.IsAborted);
        job.Finish();
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);

        Assert.DoesNotContain(stream.Read, message => message.Finished.Any(each => each.ExecutionId == 1));
    }

    [Fact]
    public async Task A_job_that_throws_inside_the_agent_fails_and_does_not_end_the_agent()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        (await bench.JobAsync(1)).Vanish();

        var finished = await stream.FinishedAsync(1);

        Assert.Equal((Outcome.Failed, "AGENT_ERROR"), (finished.Outcome, finished.Error.Reason));
        Assert.False(bench.Running.IsCompleted);
    }

    [Fact]
    public async Task A_flood_of_builtins_through_few_slots_is_answered_one_by_one()
    {
        const int Count = 20_000;
        var given = 2;
        var seen = new HashSet<long>();
        await stream.GiveAsync("builtin:noop", 1, 2);
        while (seen.Count < Count)
        {
            var message = await stream.UntilAsync(each => each.Finished.Count > 0);
            Assert.All(message.Finished, each => Assert.True(seen.Add(each.ExecutionId)));
            var answer = new ControlMessage();
            answer.Acks.AddRange(message.Finished.Select(each => new ReportAck { ExecutionId = each.ExecutionId, Attempt = 1 }));
            for (var room = message.Finished.Count; room > 0 && given < Count; room--)
                answer.Items.Add(AgentStream.Item(++given));
            await stream.SendAsync(answer);
        }

        await Soon.UntilAsync(() => bench.Reports.Room().Held == 0);
        Assert.Equal(0, bench.Reports.Room().WaitingBytes);
    }
}
