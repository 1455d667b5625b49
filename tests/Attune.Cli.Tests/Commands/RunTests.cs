using System.Text.Json;
using Attune.Cli.Tests.Planes;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Commands;

public sealed class RunTests
{
    [Fact]
    public async Task What_is_typed_arrives_typed()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Write("key", "s3cret\n");

        var run = await bench.RunAsync(
            "run", "edge.check", "host=a", "port=8443", "paths=/", "paths=/var", "tls.depth=2", $"api_key=@{bench.Folder}/key",
            "--label", "zone=edge", "--timeout", "1m30s", "--priority", "0", "--env", "LANG=C");

        Assert.Equal(0, run.ExitCode);
        var sent = Assert.Single(bench.Plane.Executions.Started);
        Assert.Equal(
            Struct.Parser.ParseJson("""{"host":"a","port":8443,"paths":["/","/var"],"tls":{"depth":2},"api_key":"s3cret"}"""),
            sent.Parameters);
        Assert.Equal("edge", sent.WorkerLabels["zone"]);
        Assert.Equal("C", sent.EnvVars["LANG"]);
        Assert.Equal(TimeSpan.FromSeconds(90), sent.Timeout.ToTimeSpan());
        Assert.True(sent.HasPriority);
        Assert.NotEqual("", sent.RequestId);
    }

    [Fact]
    public async Task The_id_is_alone_on_stdout_and_how_to_follow_on_stderr()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("run", "core.echo", "message=hi");

        Assert.Equal("42\n", run.Output);
        Assert.Contains("attune execution logs -f 42", run.Errors);
    }

    [Fact]
    public async Task As_JSON_it_is_the_execution_with_the_protos_own_names()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "-o", "json");

        var execution = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("42", execution.GetProperty("id").GetString());
        Assert.Equal("core.echo", execution.GetProperty("action_ref").GetString());
        Assert.Equal("EXECUTION_STATUS_REQUESTED", execution.GetProperty("status").GetString());
        Assert.Equal("hi", execution.GetProperty("parameters").GetProperty("message").GetString());
        Assert.Equal("2026-01-31T12:00:00Z", execution.GetProperty("created").GetString());
    }

    [Theory]
    [InlineData("mesage=hi", "Did you mean 'message'?")]
    [InlineData("hi", "is not a parameter")]
    public async Task A_mistake_is_told_before_anything_is_started(string word, string expected)
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("run", "core.echo", word);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Errors);
        Assert.Empty(bench.Plane.Executions.Started);
    }

    [Fact]
    public async Task Parameters_come_from_stdin_too()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("host: a\nport: 1\n", ["run", "edge.check", "--params", "-", "port=2"]);

        Assert.Equal(
            Struct.Parser.ParseJson("""{"host":"a","port":2}"""), Assert.Single(bench.Plane.Executions.Started).Parameters);
    }

    [Fact]
    public async Task Who_may_start_but_not_read_the_action_can_still_start_it()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Fail("GetAction", FakeControlPlane.Failure(StatusCode.PermissionDenied));

        var run = await bench.RunAsync("run", "edge.check", "host=a", "port=2");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2, Assert.Single(bench.Plane.Executions.Started).Parameters.Fields["port"].NumberValue);
    }

    [Fact]
    public async Task A_missing_secret_is_asked_for_on_a_terminal_and_not_shown()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.OnTerminalAsync("hunter2\r", "run edge.login");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("hunter2", Assert.Single(bench.Plane.Executions.Started).Parameters.Fields["password"].StringValue);
    }

    [Theory]
    [InlineData(ExecutionStatus.Completed, 0, "✓ completed in 1.2 s")]
    [InlineData(ExecutionStatus.Failed, 1, "✗ failed after 1.2 s: It said no.")]
    [InlineData(ExecutionStatus.Timeout, 1, "✗ timeout after 1.2 s: It said no.")]
    [InlineData(ExecutionStatus.Cancelled, 1, "✗ cancelled")]
    [InlineData(ExecutionStatus.Abandoned, 1, "✗ abandoned")]
    public async Task Following_ends_as_the_execution_ends(ExecutionStatus status, int exitCode, string line)
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = async (request, log, ct) => await log.WriteAsync(new() { Outcome = Ended(status) }, ct);

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "--follow");

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(line, run.Errors);
    }

    [Fact]
    public async Task The_jobs_streams_stay_apart()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = WithOutput;

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "-f");

        Assert.Equal("one\ntwo", run.Output);
        Assert.Contains("careful\n", run.Errors);
        Assert.Contains("environment ready\n", run.Errors);
    }

    [Fact]
    public async Task The_result_is_on_stdout_where_the_job_wrote_nothing()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = async (request, log, ct) =>
        {
            var ended = Ended(ExecutionStatus.Completed);
            ended.Result = Value.Parser.ParseJson("""{"days_left": 12}""");
            await log.WriteAsync(new() { Outcome = ended }, ct);
        };

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "-f");

        Assert.Equal(12, JsonDocument.Parse(run.Output).RootElement.GetProperty("days_left").GetInt32());
    }

    [Fact]
    public async Task Followed_as_JSON_stdout_is_the_execution_and_nothing_else()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = WithOutput;

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "-f", "-o", "json");

        Assert.Equal("EXECUTION_STATUS_COMPLETED", JsonDocument.Parse(run.Output).RootElement.GetProperty("status").GetString());
        Assert.Contains("one\n", run.Errors);
        Assert.Contains("two", run.Errors);
    }

    [Fact]
    public async Task A_broken_connection_is_taken_up_where_it_stopped()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = async (request, log, ct) =>
        {
            if (request.Cursor is "")
            {
                await log.WriteAsync(new() { Chunks = { FakeExecutions.Chunk(1, LogStream.Stdout, "one\n") }, Cursor = "after-one" }, ct);
                throw new RpcException(new(StatusCode.Unavailable, "stopping"));
            }

            await log.WriteAsync(new() { Chunks = { FakeExecutions.Chunk(2, LogStream.Stdout, "two\n") }, Cursor = "after-two" }, ct);
            await log.WriteAsync(new() { Outcome = Ended(ExecutionStatus.Completed) }, ct);
        };

        var run = await bench.RunAsync("run", "core.echo", "message=hi", "-f");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("one\ntwo\n", run.Output);
        Assert.Equal(["", "after-one"], bench.Plane.Executions.Followed.Select(each => each.Cursor));
    }

    [Fact]
    public async Task Ctrl_C_detaches_and_says_how_to_come_back()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = async (request, log, ct) =>
        {
            await log.WriteAsync(new() { Chunks = { FakeExecutions.Chunk(1, LogStream.Stdout, "begun\n") }, Cursor = "1" }, ct);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        };
        await using var run = bench.Start(null, ["run", "core.echo", "message=hi", "--follow"]);
        await run.UntilPrintedAsync("begun", Waiting.SoonEnough);

        var exitCode = await run.InterruptAsync(Waiting.SoonEnough);

        Assert.Equal(130, exitCode);
        Assert.Contains("attune execution logs -f 42", run.Errors);
        Assert.Contains("attune execution cancel 42", run.Errors);
        Assert.Empty(bench.Plane.Executions.Cancelled);
    }

    [Fact]
    public async Task A_rerun_types_what_differs_by_the_same_action()
    {
        await using var bench = await CliBench.StartAsync();

        var rerun = await bench.RunAsync("execution", "rerun", "7", "message=5");

        Assert.Equal("43\n", rerun.Output);
        Assert.Equal("5", Assert.Single(bench.Plane.Executions.Rerun).Parameters.Fields["message"].StringValue);
    }

    static Execution Ended(ExecutionStatus status)
    {
        var ended = FakeExecutions.Ended(42, status);
        if (status is not ExecutionStatus.Completed)
            ended.Error = new() { Reason = "EXIT_CODE", Message = "It said no." };
        return ended;
    }

    static async Task WithOutput(
        StreamExecutionLogsRequest request, IServerStreamWriter<StreamExecutionLogsResponse> log, CancellationToken ct)
    {
        var part = new StreamExecutionLogsResponse { Cursor = "4" };
        part.Chunks.Add(FakeExecutions.Chunk(1, LogStream.System, "environment ready\n"));
        part.Chunks.Add(FakeExecutions.Chunk(2, LogStream.Stdout, "one\n"));
        part.Chunks.Add(FakeExecutions.Chunk(3, LogStream.Stderr, "careful\n"));
        part.Chunks.Add(FakeExecutions.Chunk(4, LogStream.Stdout, "two"));
        await log.WriteAsync(part, ct);
        var ended = Ended(ExecutionStatus.Completed);
        ended.Result = Value.ForString("one\ntwo");
        await log.WriteAsync(new() { Outcome = ended }, ct);
    }
}
