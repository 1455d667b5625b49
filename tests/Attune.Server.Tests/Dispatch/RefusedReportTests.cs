using Attune.Testing;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Server.Tests.Dispatch;

/// <summary>A report that the database cannot store ends its own attempt without a result, and touches nothing beside it.</summary>
public sealed class RefusedReportTests : IAsyncLifetime
{
    DispatchBench bench = null!;

    public async Task InitializeAsync() => bench = await DispatchBench.StartWithLongLeaseAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Theory]
    [InlineData("""{"half": """)]
    [InlineData("1e400000")]
    [InlineData("""{"lone": "\ud800"}""")]
    public async Task A_result_that_is_refused_takes_none_of_its_message_with_it(string refused)
    {
        await using var agent = await bench.ConnectAsync("one");
        var items = await TakeAsync(agent, 3);
        var message = DispatchBench.Log(items[0], 1, "kept");
        message.Finished.Add(Finished(items[0], "1"));
        message.Finished.Add(Finished(items[1], refused));
        message.Finished.Add(Finished(items[2], "3"));
        await agent.SendAsync(message, Soon);

        var first = await bench.UntilFinalAsync(items[0].ExecutionId);
        Assert.Equal((ExecutionStatus.Completed, 1d), (first.Status, first.Result.NumberValue));
        using var log = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = first.Id });
        Assert.True(await log.ResponseStream.MoveNext(Soon));
        Assert.Equal("kept", log.ResponseStream.Current.Chunks[0].Content.ToStringUtf8());

        var bad = await bench.UntilFinalAsync(items[1].ExecutionId);
        Assert.Equal((ExecutionStatus.Failed, "OUTPUT_INVALID", null), (bad.Status, bad.Error.Reason, bad.Result));

        var last = await bench.UntilFinalAsync(items[2].ExecutionId);
        Assert.Equal((ExecutionStatus.Completed, 3d), (last.Status, last.Result.NumberValue));
    }

    [Fact]
    public async Task A_result_that_is_refused_is_acknowledged_like_the_others_and_frees_its_slot()
    {
        await using var agent = await bench.ConnectAsync("one", slots: 2);
        var items = await TakeAsync(agent, 2);
        await agent.SendAsync(new() { Finished = { Finished(items[0], "{"), Finished(items[1], "2") } }, Soon);

        var acks = new List<ReportAck>();
        while (acks.Count < 2)
            acks.AddRange((await agent.NextAsync(message => message.Acks.Count > 0, Soon)).Acks);
        Assert.All(acks, ack => Assert.False(ack.Stale));
        Assert.Equal(2, (await TakeAsync(agent, 2)).Count);
    }

    async Task<List<WorkItem>> TakeAsync(FakeAgent agent, int count)
    {
        await bench.StartManyAsync(count);
        var items = new List<WorkItem>();
        while (items.Count < count)
            items.AddRange((await agent.NextAsync(message => message.Items.Count > 0, Soon)).Items);
        return items;
    }

    static Finished Finished(WorkItem item, string result) => new()
    {
        ExecutionId = item.ExecutionId,
        Attempt = item.Attempt,
        Outcome = Outcome.Completed,
        Result = ByteString.CopyFromUtf8(result),
    };
}
