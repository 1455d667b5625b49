using System.Text;
using Attune.V1;

namespace Attune.Agent.Tests.Session;

public sealed class LogTests : IAsyncLifetime
{
    FakeControlPlane plane = null!;
    AgentBench bench = null!;
    AgentStream stream = null!;

    public async Task InitializeAsync()
    {
        plane = await FakeControlPlane.StartAsync();
        bench = await AgentBench.StartAsync(plane);
        stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
    }

    public async Task DisposeAsync()
    {
        await bench.DisposeAsync();
        await plane.DisposeAsync();
    }

    [Fact]
    public async Task Output_comes_in_order_and_before_or_with_the_end()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        for (var line = 1; line <= 50; line++)
            await job.SayAsync($"line {line}\n");
        job.Finish();

        await stream.FinishedAsync(1);

        var chunks = stream.Read.SelectMany(message => message.Logs).ToList();
        Assert.Equal(Enumerable.Range(1, 50).Select(each => (long)each), chunks.Select(each => each.Chunk.Sequence));
        Assert.Equal("line 50\n", chunks[^1].Chunk.Content.ToStringUtf8());
    }

    [Fact]
    public async Task A_short_runs_output_and_end_are_one_message()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await job.SayAsync("hello\n");
        job.Finish();

        await stream.FinishedAsync(1);

        var message = Assert.Single(stream.Read, each => each.Logs.Count > 0);
        Assert.Single(message.Finished);
    }

    [Fact]
    public async Task A_running_jobs_output_is_live()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await job.SayAsync("still here\n");

        var message = await stream.UntilAsync(each => each.Logs.Count > 0);

        Assert.Equal("still here\n", message.Logs.Single().Chunk.Content.ToStringUtf8());
    }

    [Fact]
    public async Task Output_before_the_process_began_is_live_too()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        await (await bench.JobAsync(1)).SayAsync("building the environment\n");

        await stream.UntilAsync(each => each.Logs.Count > 0);
    }

    [Fact]
    public async Task Unacknowledged_output_stays_within_the_window_and_a_neighbours_result_does_not_wait_for_it()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2);
        var noisy = await bench.JobAsync(1);
        noisy.Start();
        var shouting = ShoutAsync(noisy, chunks: 200);
        await stream.UntilAsync(message => message.Logs.Count > 0);
        await Soon.UntilAsync(() => bench.Reports.Room().WaitingBytes > 2 << 20);

        var quiet = await bench.JobAsync(2);
        quiet.Start();
        await quiet.SayAsync("done\n");
        quiet.Finish();
        await stream.FinishedAsync(2);

        var unacknowledged = stream.Read.SelectMany(each => each.Logs).Where(each => each.ExecutionId == 1).Sum(each => each.Chunk.Content.Length);
        Assert.InRange(unacknowledged, 1, (256 << 10) + (64 << 10));
        Assert.False(shouting.IsCompleted);
        noisy.Finish();
    }

    [Fact]
    public async Task A_job_far_ahead_waits_and_goes_on_with_the_acknowledgements()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var noisy = await bench.JobAsync(1);
        noisy.Start();
        var shouting = ShoutAsync(noisy, chunks: 200);
        await Soon.UntilAsync(() => bench.Reports.Room().WaitingBytes >= 4 << 20);
        Assert.False(shouting.IsCompleted);

        var received = 0L;
        while (received < 200)
        {
            var message = await stream.UntilAsync(each => each.Logs.Count > 0);
            Assert.Equal(received + 1, message.Logs[0].Chunk.Sequence);
            received = message.Logs[^1].Chunk.Sequence;
            await stream.SendAsync(new() { LogAcks = { new LogAck { ExecutionId = 1, Attempt = 1, ThroughSequence = received } } });
        }

        await shouting.WaitAsync(Soon.Enough);
        noisy.Finish();
        Assert.Equal(200, (await stream.FinishedAsync(1)).LastLogSequence);
    }

    [Fact]
    public async Task No_message_of_output_is_much_larger_than_a_mebibyte()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2, 3, 4, 5, 6);
        for (var id = 1; id <= 6; id++)
        {
            var job = await bench.JobAsync(id);
            _ = ShoutAsync(job, chunks: 40);
            job.Finish();
        }

        var heard = new Dictionary<long, long>();
        while (heard.Count < 6 || heard.Values.Any(each => each < 40))
        {
            var message = await stream.UntilAsync(each => each.Logs.Count > 0);
            Assert.InRange(message.CalculateSize(), 1, (1 << 20) + (128 << 10));
            foreach (var log in message.Logs)
                heard[log.ExecutionId] = log.Chunk.Sequence;
            await stream.SendAsync(new()
            {
                LogAcks = { heard.Select(each => new LogAck { ExecutionId = each.Key, Attempt = 1, ThroughSequence = each.Value }) },
            });
        }
    }

    static async Task ShoutAsync(Job job, int chunks)
    {
        var chunk = Encoding.ASCII.GetBytes(new string('x', 32 << 10));
        for (var at = 0; at < chunks; at++)
            await job.SayAsync(chunk);
    }
}
