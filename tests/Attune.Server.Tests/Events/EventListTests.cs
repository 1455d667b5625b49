using Attune.Server.Tests.Packs;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Events;

/// <summary>Who sees which events, and in which order.</summary>
public sealed class EventListTests : IAsyncLifetime
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    ChainBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await bench.Packs.InstallAsync(bench.Packs.Archive("other", "1.0.0", ["go"], ("triggers/t.yaml", "ref: other.t\n"),
            ("rules/r.yaml", "ref: other.r\ntrigger: edge.seen\nconditions: []\naction: other.go\n")));
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task Pages_of_events_follow_each_other_newest_first()
    {
        var ids = new List<long>();
        for (var number = 0; number < 5; number++)
            ids.Insert(0, (await bench.EmitAsync(High)).EventId);
        await bench.EmitAsync("{}", trigger: "other.t");

        var seen = new List<long>();
        var token = "";
        do
        {
            var page = await bench.Events.ListEventsAsync(new() { TriggerRef = "edge.seen", PageSize = 2, PageToken = token });
            seen.AddRange(page.Events.Select(each => each.Id));
            token = page.NextPageToken;
        }
        while (token is not "");

        Assert.Equal(ids, seen);
        var one = (await bench.Events.ListEventsAsync(new() { PageSize = 1, TriggerRef = "edge.seen" })).Events[0];
        Assert.Null(one.Payload);
        Assert.Equal("a.example", (await bench.Events.ListEventsAsync(new() { PageSize = 1, TriggerRef = "edge.seen", Full = true })).Events[0].Payload.Fields["host"].StringValue);

        seen.Clear();
        do
        {
            var page = await bench.Events.ListEnforcementsAsync(new() { PageSize = 3, PageToken = token, RuleRef = "edge.on_high" });
            seen.AddRange(page.Enforcements.Select(each => each.EventId));
            token = page.NextPageToken;
        }
        while (token is not "");

        Assert.Equal(ids, seen);
        Assert.Equal("PAGE_TOKEN_INVALID", (await RefusedCall.OfAsync(() => bench.Events.ListEventsAsync(new() { PageToken = "?" }).ResponseAsync)).Reason);
        Assert.Equal("PAGE_SIZE_INVALID", (await RefusedCall.OfAsync(() => bench.Events.ListEnforcementsAsync(new() { PageSize = 1001 }).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task Filters_narrow_what_is_listed()
    {
        var first = (await bench.EmitAsync(High)).EventId;
        var second = (await bench.EmitAsync("{}", trigger: "other.t")).EventId;
        var third = (await bench.Events.EmitEventAsync(new() { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), RuleRef = "edge.on_high" })).EventId;
        var created = (await bench.EventAsync(second)).Created;

        await AssertListedAsync([third, second, first], new());
        await AssertListedAsync([third, first], new() { TriggerRef = "edge.seen" });
        await AssertListedAsync([third], new() { RuleRef = "edge.on_high" });
        await AssertListedAsync([third, second, first], new() { SourceRef = "admin" });
        await AssertListedAsync([], new() { SourceRef = "nobody" });
        await AssertListedAsync([third, second, first], new() { Origins = { EventOrigin.Api, EventOrigin.Timer, (EventOrigin)77 } });
        await AssertListedAsync([], new() { Origins = { EventOrigin.Sensor } });
        await AssertListedAsync([third], new() { CreatedAfter = created });
        await AssertListedAsync([first], new() { CreatedBefore = created });

        var enforcements = (await bench.Events.ListEnforcementsAsync(new() { EventId = first })).Enforcements;
        Assert.Equal(["other.r", "edge.on_high"], enforcements.OrderByDescending(each => each.RuleRef, StringComparer.Ordinal).Select(each => each.RuleRef));
        Assert.Equal(3, (await bench.Events.ListEnforcementsAsync(new() { TriggerRef = "edge.seen", Statuses = { EnforcementStatus.Processed } })).Enforcements.Count);
        Assert.Empty((await bench.Events.ListEnforcementsAsync(new() { Statuses = { EnforcementStatus.Disabled } })).Enforcements);
        Assert.Empty((await bench.Events.ListEnforcementsAsync(new() { Failed = true })).Enforcements);
        Assert.Empty((await bench.Events.ListEnforcementsAsync(new() { CreatedBefore = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) })).Enforcements);
    }

    [Fact]
    public async Task Rights_are_asked_for_by_the_triggers_pack()
    {
        var event1 = (await bench.EmitAsync(High)).EventId;
        var event2 = (await bench.EmitAsync("{}", trigger: "other.t")).EventId;
        var emitter = await bench.LoginWithAsync("""[{"resource": "events", "actions": ["emit"], "constraints": {"packs": ["other"]}}]""");
        var client = new EventService.EventServiceClient(bench.Server.Anonymous);
        Assert.True((await client.EmitEventAsync(new() { TriggerRef = "other.t" }, emitter)).EventId > 0);
        foreach (var trigger in (string[])["edge.seen", "edge.not_there"])
        {
            var refused = await RefusedCall.OfAsync(() => client.EmitEventAsync(new() { TriggerRef = trigger }, emitter).ResponseAsync);
            Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), (refused.Code, refused.Reason));
        }

        Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(() => client.EmitEventsAsync(
            new() { Items = { new EmitEventsItem { TriggerRef = "other.t" }, new EmitEventsItem { TriggerRef = "edge.seen" } } }, emitter).ResponseAsync)).Code);
        Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(() => client.ListEventsAsync(new(), emitter).ResponseAsync)).Code);

        var reader = await bench.LoginWithAsync("""[{"resource": "events", "actions": ["read"], "constraints": {"packs": ["edge"]}}]""");
        Assert.Equal([event1], (await client.ListEventsAsync(new(), reader)).Events.Select(each => each.Id));
        Assert.Equal(2, (await client.ListEnforcementsAsync(new(), reader)).Enforcements.Count);
        var shown = (await client.GetEventAsync(new() { EventId = event1 }, reader)).Event;
        Assert.Equal(2, shown.Enforcements.Count);
        Assert.All(shown.Enforcements, each => Assert.Null(each.Parameters));
        Assert.Equal("EVENT_NOT_FOUND", (await RefusedCall.OfAsync(() => client.GetEventAsync(new() { EventId = event2 }, reader).ResponseAsync)).Reason);

        var elsewhere = await bench.LoginWithAsync("""[{"resource": "events", "actions": ["read"], "constraints": {"packs": ["other"]}}]""");
        Assert.Equal("ENFORCEMENT_NOT_FOUND", (await RefusedCall.OfAsync(() => client.GetEnforcementAsync(
            new() { EnforcementId = shown.Enforcements[0].Id }, elsewhere).ResponseAsync)).Reason);
    }

    async Task AssertListedAsync(long[] expected, ListEventsRequest request)
        => Assert.Equal(expected, (await bench.Events.ListEventsAsync(request)).Events.Select(each => each.Id));

    [Fact]
    public async Task A_full_page_of_large_payloads_ends_early_and_the_next_goes_on()
    {
        for (var number = 0; number < 6; number++)
            await bench.EmitAsync($$"""{"host": "{{new string('x', 900_000)}}"}""");

        var (ids, token, pages) = (new List<long>(), "", 0);
        do
        {
            var page = await bench.Events.ListEventsAsync(new() { Full = true, PageSize = 100, PageToken = token });
            Assert.InRange(page.CalculateSize(), 1, 4 << 20);
            ids.AddRange(page.Events.Select(each => each.Id));
            (token, pages) = (page.NextPageToken, pages + 1);
        }
        while (token is not "");

        Assert.Equal(6, ids.Distinct().Count());
        Assert.True(pages > 1);
    }
}
