using Attune.Testing;
using Attune.V1;
using Dapper;

namespace Attune.Server.Tests.Dispatch;

public sealed class UndeliveredWorkTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task What_the_database_gives_to_an_agent_that_never_got_it_goes_back_to_the_queue()
    {
        await using var bench = await DispatchBench.StartWithLongLeaseAsync();
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync(labels: new() { ["zone"] = "nowhere" });
        await using (var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon))
        {
            // As a commit leaves it whose answer was lost on the way.
            await connection.ExecuteAsync(
                """
                update execution_queue set worker = @worker, attempt = 1 where execution = @id;
                update execution set status = 'scheduled', attempt = 1, scheduled_at = now() - interval '1 minute' where id = @id;
                """,
                new { worker = agent.Welcome!.WorkerId, id });
        }

        Assert.Equal(ExecutionStatus.Scheduled, (await bench.GetAsync(id)).Status);
        await Waiting.UntilAsync(
            async () => (await bench.GetAsync(id)).Status == ExecutionStatus.Requested, "the execution to wait again", Soon);
        Assert.Contains("zone=nowhere", (await bench.ExplainAsync(id)).Summary);
    }
}
