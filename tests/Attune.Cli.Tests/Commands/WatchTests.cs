using System.Text.Json;
using Attune.Cli.Tests.Planes;
using Attune.Testing;
using Dapper;
using Grpc.Core;

namespace Attune.Cli.Tests.Commands;

public sealed class WatchTests
{
    [Fact]
    public async Task Changes_of_a_real_server_are_printed_and_ctrl_c_says_how_to_go_on()
    {
        await using var server = await ServerBench.StartAsync(Waiting.SoonEnough);
        await using var first = Start(server, "watch", "--type", "execution", "--ref", "edge.*", "--verbose");
        await using var connection = await server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);

        // Watching begins some time after the process did: until then nothing is printed.
        await Waiting.UntilAsync(
            async () =>
            {
                await connection.ExecuteAsync("insert into execution (action_ref) values ('edge.a'), ('core.b')");
                return first.Output.Contains("edge.a", StringComparison.Ordinal);
            },
            "a first change", Waiting.SoonEnough);
        Assert.Equal(130, await first.InterruptAsync(Waiting.SoonEnough));

        Assert.DoesNotContain("core.b", first.Output);
        var cursor = first.Errors.Split("--cursor ")[1].Trim();
        var seen = first.Output.TrimEnd().Split('\n').Length;
        var all = await connection.QuerySingleAsync<int>("select count(*)::int from execution where action_ref = 'edge.a'");
        await connection.ExecuteAsync("insert into execution (action_ref) values ('edge.last')");

        await using var second = Start(server, "watch", "--type", "execution", "--cursor", cursor, "--ref", "edge.a", "--ref", "edge.last", "-o", "json");
        await second.UntilPrintedAsync("edge.last", Waiting.SoonEnough);
        await second.InterruptAsync(Waiting.SoonEnough);
        var resumed = second.Output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("entity_id").GetString()).ToList();
        var missedBefore = all - resumed.Count + 1;
        Assert.Equal(resumed.Count, resumed.Distinct().Count());
        Assert.InRange(seen, 1, missedBefore);
        Assert.DoesNotContain(first.Output.TrimEnd().Split('\n').Select(line => line.Split("  ")[2].Trim()), resumed.Contains);
    }

    [Fact]
    public async Task A_broken_stream_is_taken_up_again_with_its_last_cursor()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Feed.Streams.Enqueue(async stream =>
        {
            await stream.WriteAsync(new() { Cursor = "c1" });
            await stream.WriteAsync(new() { Changes = { FakeFeed.Change(7, "running") }, Cursor = "c2" });
            throw FakeControlPlane.Failure(StatusCode.Unavailable, "SERVER_STOPPING", "The server is stopping.");
        });
        bench.Plane.Feed.Streams.Enqueue(stream => stream.WriteAsync(new() { Changes = { FakeFeed.Change(7, "completed") }, Cursor = "c3" }));

        await using var watch = bench.Start(null, ["watch", "--id", "7", "--type", "execution"]);
        await Waiting.UntilAsync(() => bench.Plane.Feed.Watched.Count == 3, "a third stream", Waiting.SoonEnough);
        Assert.Equal(130, await watch.InterruptAsync(Waiting.SoonEnough));

        Assert.Equal(["", "c2", "c3"], bench.Plane.Feed.Watched.Select(each => each.Cursor));
        Assert.All(bench.Plane.Feed.Watched, each => Assert.Equal([7], each.EntityIds));
        Assert.Equal(
            ["12:00:00  execution    7  core.echo  running", "12:00:00  execution    7  core.echo  completed"], watch.Output.TrimEnd().Split('\n'));
        Assert.Contains("attune watch --cursor c3", watch.Errors);
    }

    [Fact]
    public async Task A_cursor_that_expired_is_a_failure_and_is_not_offered_again()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Feed.Streams.Enqueue(_ => throw FakeControlPlane.Failure(StatusCode.FailedPrecondition, "CURSOR_EXPIRED", "No longer kept."));

        var watch = await bench.RunAsync("watch", "--cursor", "old");

        Assert.Equal(2, watch.ExitCode);
        Assert.Contains("No longer kept.", watch.Errors);
        Assert.DoesNotContain("--cursor old", watch.Errors);
    }

    static RunningProcess Start(ServerBench server, params string[] args) => RunningProcess.Start(
        BuiltProgram.Cli, args,
        new Dictionary<string, string>
        {
            ["ATTUNE_SERVER"] = server.Address.ToString(),
            ["ATTUNE_TOKEN"] = server.AdminToken,
            ["ATTUNE_CONFIG"] = "/nonexistent/config.json",
        });
}
