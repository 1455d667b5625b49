using Attune.Server.Tests.Packs;
using Grpc.Core;

namespace Attune.Server.Tests.Feed;

/// <summary>Who gets which changes.</summary>
public sealed class FeedAccessTests : IAsyncLifetime
{
    FeedBench bench = null!;

    public async Task InitializeAsync() => bench = await FeedBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task Only_what_was_asked_for_is_sent()
    {
        await using var ofRef = await bench.WatchAsync(new() { Refs = { "edge.a" } });
        await using var ofPack = await bench.WatchAsync(new() { Refs = { "edge.*" }, EntityTypes = { "execution", "rule" } });
        await using var ofId = await bench.WatchAsync(new() { EntityIds = { 2, 4 }, EntityTypes = { "execution" } });

        await HappenAsync();

        Assert.Equal(["execution 1 edge.a created requested", "event 1 edge.a created", "execution 4 edge.a created requested"],
            (await ofRef.TakeAsync(3)).Texts());
        Assert.Equal(
            ["execution 1 edge.a created requested", "execution 2 edge.b created requested", "execution 4 edge.a created requested"],
            (await ofPack.TakeAsync(3)).Texts());
        Assert.Equal(["execution 2 edge.b created requested", "execution 4 edge.a created requested"], (await ofId.TakeAsync(2)).Texts());
    }

    [Fact]
    public async Task A_watcher_sees_what_it_may_read_and_nothing_else()
    {
        var executionsOfCore = await bench.LogInAsync(
            "core",
            """
            [{"resource": "feed", "actions": ["read"]}, {"resource": "executions", "actions": ["read"], "constraints": {"packs": ["core"]}}]
            """);
        var eventsOfEdge = await bench.LogInAsync(
            "edge",
            """
            [{"resource": "feed", "actions": ["read"], "constraints": {"packs": ["edge"]}}, {"resource": "events", "actions": ["read"]}]
            """);
        await using var core = await bench.WatchAsync(token: executionsOfCore);
        await using var edge = await bench.WatchAsync(token: eventsOfEdge);

        await HappenAsync();
        await bench.ExecuteAsync("insert into event (trigger_ref) values ('core.t')");
        await bench.ExecuteAsync("insert into execution (action_ref) values ('core.last')");
        await bench.ExecuteAsync("insert into event (trigger_ref) values ('edge.last')");

        Assert.Equal(["execution 3 core.a created requested", "execution 5 core.last created requested"], (await core.TakeAsync(2)).Texts());
        Assert.Equal(["event 1 edge.a created", "event 3 edge.last created"], (await edge.TakeAsync(2)).Texts());
    }

    [Fact]
    public async Task Who_may_not_read_the_feed_is_refused()
    {
        var token = await bench.LogInAsync("ada", """[{"resource": "executions", "actions": ["read"]}]""");

        var refused = await RefusedCall.OfAsync(() => bench.WatchAsync(token: token));

        Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), (refused.Code, refused.Reason));
    }

    [Fact]
    public async Task Every_mistake_of_a_filter_is_named()
    {
        var refused = await RefusedCall.OfAsync(() => bench.WatchAsync(new()
        {
            EntityTypes = { "event", "worker" },
            Refs = { "core.echo", "core", ".*" },
            EntityIds = { 1, 0 },
        }));

        Assert.Equal((StatusCode.InvalidArgument, "FILTER_INVALID"), (refused.Code, refused.Reason));
        Assert.Equal(["entity_types[1]", "refs[1]", "refs[2]", "entity_ids[1]"], refused.Violations.Select(each => each.Field));
    }

    async Task HappenAsync()
    {
        await bench.ExecuteAsync("insert into execution (action_ref) select unnest(array['edge.a', 'edge.b', 'core.a'])");
        await bench.ExecuteAsync("insert into event (trigger_ref) values ('edge.a')");
        await bench.ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
    }
}
