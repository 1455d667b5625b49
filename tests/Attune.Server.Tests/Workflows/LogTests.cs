using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Workflows;

/// <summary>The log of a workflow is that of its tasks.</summary>
public sealed class LogTests : IAsyncLifetime
{
    PackBench bench = null!;
    TreeRows rows = null!;

    public async Task InitializeAsync()
    {
        bench = await PackBench.StartAsync();
        rows = new(bench);
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Chunks_come_in_the_order_of_time_with_their_tasks()
    {
        var root = await rows.WorkflowAsync(status: "completed");
        var build = await rows.TaskAsync(root, "build", "completed");
        var sub = await rows.WorkflowAsync("edge.deep", "completed", root, TreeRows.TaskJson("deep"));
        var item = await rows.TaskAsync(sub, "install", "completed", item: 7);
        await LogAsync(build, 1, "one", seconds: 1);
        await LogAsync(item, 1, "two", seconds: 2);
        await LogAsync(build, 2, "three", seconds: 3);

        var (chunks, _, _) = await ReadAsync(root);

        Assert.Equal(
            [("one", build, "build"), ("two", item, "install"), ("three", build, "build")],
            chunks.Select(chunk => (chunk.Content.ToStringUtf8(), chunk.ExecutionId, chunk.TaskName)));
        Assert.Equal((false, true, 7), (chunks[0].HasItemIndex, chunks[1].HasItemIndex, chunks[1].ItemIndex));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_loses_nothing()
    {
        var root = await rows.WorkflowAsync(status: "completed");
        var build = await rows.TaskAsync(root, "build", "completed");
        for (var sequence = 1; sequence <= 40; sequence++)
            await LogAsync(build, sequence, $"{sequence}", seconds: 100 - sequence);

        var (chunks, _, _) = await ReadAsync(root);

        Assert.Equal(Enumerable.Range(1, 40).Select(each => $"{each}"), chunks.Select(chunk => chunk.Content.ToStringUtf8()));
    }

    [Fact]
    public async Task More_tasks_than_are_looked_at_at_a_time_are_all_read()
    {
        var root = await rows.WorkflowAsync(status: "completed");
        await rows.ItemsAsync(root, "install", 0, 1200);
        await bench.ReadAsync<int>(
            """
            insert into execution_log (execution, attempt, sequence, stream, content, logged_at)
            select id, 1, 1, 1, 'x', now() from execution where parent = @root
            """,
            new { root });

        var (chunks, cursor, _) = await ReadAsync(root);

        Assert.Equal(1200, chunks.Select(chunk => chunk.ExecutionId).Distinct().Count());
        Assert.Equal(1200, chunks.Count);
        Assert.True(cursor.Length < 20_000, $"A cursor of {cursor.Length} characters");
    }

    [Fact]
    public async Task A_followed_log_takes_up_tasks_as_they_start_and_ends_with_the_outcome()
    {
        var root = await rows.WorkflowAsync();
        var build = await rows.TaskAsync(root, "build", "running");
        await LogAsync(build, 1, "one", seconds: 1);
        using var follow = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = root, Follow = true });

        var one = await NextAsync(follow);
        var install = await rows.TaskAsync(root, "install", "running", run: 2);
        await LogAsync(install, 1, "two", seconds: 2);
        var two = await NextAsync(follow);
        await rows.EndAsync(root, build, install);
        Execution? outcome = null;
        while (await follow.ResponseStream.MoveNext(Soon))
            outcome = follow.ResponseStream.Current.Outcome;

        Assert.Equal((build, install), (one.Chunks[0].ExecutionId, two.Chunks[0].ExecutionId));
        Assert.Equal(root, outcome?.Id);
    }

    [Fact]
    public async Task A_cursor_goes_on_where_it_was_with_nothing_twice()
    {
        var root = await rows.WorkflowAsync();
        var build = await rows.TaskAsync(root, "build", "completed");
        var install = await rows.TaskAsync(root, "install", "running");
        await LogAsync(build, 1, "one", seconds: 1);
        await LogAsync(install, 1, "two", seconds: 2);
        var (_, cursor, _) = await ReadAsync(root);
        var later = await rows.TaskAsync(root, "deep", "running");
        await LogAsync(install, 2, "three", seconds: 3);
        await LogAsync(later, 1, "four", seconds: 4);

        var (chunks, _, _) = await ReadAsync(root, cursor);

        Assert.Equal(["three", "four"], chunks.Select(chunk => chunk.Content.ToStringUtf8()));
    }

    [Fact]
    public async Task Tasks_of_packs_that_one_may_not_read_are_left_out_whatever_the_cursor_says()
    {
        var root = await rows.WorkflowAsync();
        var open = await rows.TaskAsync(root, "build", "running");
        var hidden = await rows.TaskAsync(root, "install", "running");
        await bench.ReadAsync<int>("update execution set action_ref = 'other.install' where id = @hidden", new { hidden });
        await LogAsync(open, 1, "open", seconds: 1);
        await LogAsync(hidden, 1, "hidden", seconds: 2);
        var narrow = await bench.LoginWithAsync("""[{"resource": "executions", "actions": ["read"], "constraints": {"packs": ["edge"]}}]""");

        foreach (var cursor in new[] { "", $"w{root}.0,{hidden}.0.0" })
        {
            var (chunks, _, _) = await ReadAsync(root, cursor, narrow);
            Assert.Equal("open", Assert.Single(chunks).Content.ToStringUtf8());
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("w1")]
    [InlineData("wx.1")]
    [InlineData(",")]
    [InlineData("w1.1,w1.1")]
    public async Task A_cursor_of_something_else_is_refused(string cursor)
    {
        var root = await rows.WorkflowAsync();

        Assert.Equal("CURSOR_INVALID", (await RefusedCall.OfAsync(() => ReadAsync(root, cursor))).Reason);
    }

    async Task<(List<LogChunk> Chunks, string Cursor, Execution? Outcome)> ReadAsync(long id, string cursor = "", Metadata? login = null)
    {
        var executions = login is null ? bench.Server.Executions : new(bench.Server.Anonymous);
        using var call = executions.StreamExecutionLogs(new() { ExecutionId = id, Cursor = cursor }, login, cancellationToken: Soon);
        var chunks = new List<LogChunk>();
        Execution? outcome = null;
        while (await call.ResponseStream.MoveNext(Soon))
        {
            chunks.AddRange(call.ResponseStream.Current.Chunks);
            cursor = call.ResponseStream.Current.Cursor;
            outcome = call.ResponseStream.Current.Outcome;
        }

        return (chunks, cursor, outcome);
    }

    static async Task<StreamExecutionLogsResponse> NextAsync(AsyncServerStreamingCall<StreamExecutionLogsResponse> call)
    {
        while (await call.ResponseStream.MoveNext(Soon))
        {
            if (call.ResponseStream.Current.Chunks.Count > 0)
                return call.ResponseStream.Current;
        }

        throw new InvalidOperationException("The log ended.");
    }

    async Task LogAsync(long execution, long sequence, string text, int seconds) => await bench.ReadAsync<int>(
        """
        insert into execution_log (execution, attempt, sequence, stream, content, logged_at)
        values (@execution, 1, @sequence, 1, convert_to(@text, 'UTF8'), timestamptz '2026-01-31 12:00:00Z' + @seconds * interval '1 s')
        """,
        new { execution, sequence, text, seconds });
}
