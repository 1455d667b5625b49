using Attune.Server.Tests.Dispatch;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Executions;

/// <summary>What callers see of executions: starting, watching, logs.</summary>
public sealed class ExecutionApiTests : IAsyncLifetime
{
    DispatchBench bench = null!;

    public async Task InitializeAsync() => bench = await DispatchBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_followed_log_ends_with_the_outcome_after_its_last_chunk()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        using var follow = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = id, Follow = true });

        await agent.SendAsync(DispatchBench.Log(item, 1, "first\n"), Soon);
        Assert.True(await follow.ResponseStream.MoveNext(Soon));
        Assert.Equal("first\n", follow.ResponseStream.Current.Chunks[0].Content.ToStringUtf8());

        var last = DispatchBench.Log(item, 2, "last\n");
        last.Finished.Add(new Finished { ExecutionId = id, Attempt = 1, Outcome = Outcome.Completed });
        await agent.SendAsync(last, Soon);
        var text = "";
        Execution? outcome = null;
        while (await follow.ResponseStream.MoveNext(Soon))
        {
            Assert.Null(outcome);
            text += string.Concat(follow.ResponseStream.Current.Chunks.Select(chunk => chunk.Content.ToStringUtf8()));
            outcome = follow.ResponseStream.Current.Outcome;
        }

        Assert.Equal("last\n", text);
        Assert.Equal(ExecutionStatus.Completed, outcome?.Status);
    }

    [Fact]
    public async Task A_redelivered_log_chunk_is_stored_once_and_a_cursor_resumes_after_it()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.SendAsync(DispatchBench.Log(item, 1, "once"), Soon);
        await agent.SendAsync(DispatchBench.Log(item, 1, "once"), Soon);
        await agent.SendAsync(DispatchBench.Log(item, 2, "two"), Soon);
        await agent.FinishAsync(item, Outcome.Completed, Soon);
        await bench.UntilFinalAsync(id);

        Assert.Equal(["once", "two"], await ReadAsync(id, ""));
        Assert.Equal(["two"], await ReadAsync(id, "1.1"));
    }

    [Fact]
    public async Task A_watcher_sees_the_present_state_and_every_end_then_the_stream_ends()
    {
        await using var agent = await bench.ConnectAsync("one", slots: 8);
        var ids = await bench.StartManyAsync(5);
        using var watch = bench.Server.Executions.WatchExecution(new() { ExecutionIds = { ids } });
        Assert.True(await watch.ResponseStream.MoveNext(Soon));
        Assert.Equal(5, watch.ResponseStream.Current.Executions.Count);

        var completing = agent.CompleteEverythingAsync(TimeProvider.System, Soon);
        var final = new HashSet<long>();
        while (await watch.ResponseStream.MoveNext(Soon))
        {
            final.UnionWith(watch.ResponseStream.Current.Executions
                .Where(each => each.Status == ExecutionStatus.Completed)
                .Select(each => each.Id));
        }

        Assert.Equal(ids.Order(), final.Order());
        Assert.False(completing.IsCompleted);
    }

    [Fact]
    public async Task Watching_an_unknown_execution_is_refused()
    {
        using var watch = bench.Server.Executions.WatchExecution(new() { ExecutionIds = { 4711 } });
        var refused = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(Soon));
        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
    }

    [Fact]
    public async Task The_same_request_id_starts_once()
    {
        var request = new StartExecutionRequest { RequestId = "r1", ActionRef = "core.noop" };
        var first = await bench.Server.Executions.StartExecutionAsync(request);
        var again = await bench.Server.Executions.StartExecutionAsync(request);
        Assert.Equal(first.Execution.Id, again.Execution.Id);
        Assert.Single((await bench.Server.Executions.ListExecutionsAsync(new())).Executions);
    }

    [Fact]
    public async Task The_same_request_id_many_times_at_once_starts_once()
    {
        var request = new StartExecutionRequest { RequestId = "r1", ActionRef = "core.noop" };
        var answers = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(_ => bench.Server.Executions.StartExecutionAsync(request).ResponseAsync));
        Assert.Single(answers.Select(answer => answer.Execution.Id).Distinct());
        Assert.Single((await bench.Server.Executions.ListExecutionsAsync(new())).Executions);
    }

    [Fact]
    public async Task Every_mistake_of_a_bulk_start_is_listed_with_its_path_and_nothing_is_started()
    {
        var request = new StartExecutionsRequest();
        request.Items.Add(new StartExecutionsItem { ActionRef = "core.noop", Priority = 10 });
        request.Items.Add(new StartExecutionsItem { ActionRef = "core.noop", Timeout = Duration.FromTimeSpan(TimeSpan.Zero) });
        request.Items.Add(new StartExecutionsItem { ActionRef = "core.noop", EnvVars = { ["ATTUNE_X"] = "1" } });
        var refused = await Assert.ThrowsAsync<RpcException>(
            async () => await bench.Server.Executions.StartExecutionsAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("items[0].priority", refused.Status.Detail);
        Assert.Contains("items[1].timeout", refused.Status.Detail);
        Assert.Contains("items[2].env_vars.ATTUNE_X", refused.Status.Detail);
        Assert.Empty((await bench.Server.Executions.ListExecutionsAsync(new())).Executions);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_overlap()
    {
        var ids = await bench.StartManyAsync(25);
        var seen = new List<long>();
        var token = "";
        do
        {
            var page = await bench.Server.Executions.ListExecutionsAsync(new() { PageSize = 10, PageToken = token });
            seen.AddRange(page.Executions.Select(execution => execution.Id));
            token = page.NextPageToken;
        }
        while (token is not "");

        Assert.Equal(ids.OrderDescending(), seen);
    }

    [Fact]
    public async Task A_rerun_names_the_execution_it_repeats()
    {
        var id = await bench.StartAsync();
        var again = await bench.Server.Executions.RerunExecutionAsync(new() { ExecutionId = id });
        Assert.NotEqual(id, again.Execution.Id);
        Assert.Equal(id, (await bench.GetAsync(again.Execution.Id)).RerunOfId);
    }

    async Task<IReadOnlyList<string>> ReadAsync(long id, string cursor)
    {
        using var read = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = id, Cursor = cursor });
        var chunks = new List<string>();
        while (await read.ResponseStream.MoveNext(Soon))
            chunks.AddRange(read.ResponseStream.Current.Chunks.Select(chunk => chunk.Content.ToStringUtf8()));
        return chunks;
    }
}
