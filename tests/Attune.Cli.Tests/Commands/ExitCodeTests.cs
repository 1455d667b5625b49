using Attune.Cli.Tests.Planes;
using Attune.Testing;
using Grpc.Core;

namespace Attune.Cli.Tests.Commands;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(StatusCode.InvalidArgument, 2)]
    [InlineData(StatusCode.NotFound, 2)]
    [InlineData(StatusCode.FailedPrecondition, 2)]
    [InlineData(StatusCode.Aborted, 2)]
    [InlineData(StatusCode.ResourceExhausted, 2)]
    [InlineData(StatusCode.DeadlineExceeded, 3)]
    [InlineData(StatusCode.Internal, 3)]
    [InlineData(StatusCode.Unauthenticated, 4)]
    [InlineData(StatusCode.PermissionDenied, 4)]
    public async Task The_status_decides(StatusCode status, int expected)
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Fail("GetExecution", FakeControlPlane.Failure(status, "REASON"));

        var show = await bench.RunAsync("execution", "show", "7");

        Assert.Equal(expected, show.ExitCode);
        Assert.Equal("", show.Output);
        Assert.StartsWith("error: ", show.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_not_reachable_and_says_what_to_do()
    {
        await using var bench = await CliBench.StartAsync();

        var show = await bench.RunAsync("execution", "show", "7", "--server", $"http://127.0.0.1:{FreePort.Take()}");

        Assert.Equal(3, show.ExitCode);
        Assert.Contains("cannot be reached: Connection refused", show.Errors);
        Assert.Contains("--server URL", show.Errors);
    }

    [Fact]
    public async Task Every_violation_has_its_own_line()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Fail("StartExecution", FakeControlPlane.Failure(
            StatusCode.InvalidArgument, "PARAMETERS_INVALID", "no", ("parameters.port", "must be at most 65535"), ("parameters.host", "is required")));

        var run = await bench.RunAsync("run", "edge.check", "port=99999");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("\n  parameters.port: must be at most 65535\n  parameters.host: is required\n", run.Errors);
    }

    [Fact]
    public async Task Who_is_not_allowed_is_told_which_permission_is_missing()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Fail("StartExecution", FakeControlPlane.Failure(StatusCode.PermissionDenied));

        var run = await bench.RunAsync("run", "core.echo", "message=hi");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("executions: start", run.Errors);
    }

    [Theory]
    [InlineData("execution lst", "Did you mean 'list'?")]
    [InlineData("exec list", "Did you mean 'execution'?")]
    [InlineData("status --profile defualt", "There is no profile 'defualt'.")]
    [InlineData("execution list --stauts failed", "Did you mean '--status'?")]
    [InlineData("execution list --status nonsense", "nonsense")]
    [InlineData("execution show", "ID")]
    [InlineData("execution show abc", "is not the id of an execution")]
    [InlineData("execution list --limit 0", "--limit")]
    [InlineData("execution list --since yesterday", "--since")]
    [InlineData("run core.echo --timeout 30", "--timeout")]
    [InlineData("run core.echo --label zone", "--label")]
    [InlineData("execution", "Usage:")]
    [InlineData("status --server http://example.com", "is not on this machine")]
    [InlineData("pack check /nowhere", "There is no folder")]
    public async Task A_wrong_command_line_is_2_and_says_what_is_wrong(string line, string expected)
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync(line.Split(' '));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Errors);
        Assert.Equal("", run.Output);
        Assert.Empty(bench.Plane.Executions.Started);
    }

    [Fact]
    public async Task A_server_that_comes_back_is_waited_for()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Fail("GetExecution", FakeControlPlane.Failure(StatusCode.Unavailable), FakeControlPlane.Failure(StatusCode.Unavailable));

        var show = await bench.RunAsync("execution", "show", "7");

        Assert.Equal(0, show.ExitCode);
        Assert.Equal(3, bench.Plane.CountOf("GetExecution"));
    }

    [Fact]
    public async Task Version_answers_without_a_server_too()
    {
        await using var bench = await CliBench.StartAsync();

        var with = await bench.RunAsync("version");
        var without = await bench.RunAsync("version", "--server", $"http://127.0.0.1:{FreePort.Take()}");

        Assert.Contains("server 9.8.7 abc", with.Output);
        Assert.Equal(0, without.ExitCode);
        Assert.Contains("not reachable", without.Output);
    }
}
