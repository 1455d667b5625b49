using System.Text;
using Attune.Server.Events;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Events;

/// <summary>What senders send: every shape of JSON, and what is none.</summary>
public sealed class PayloadTests : IAsyncLifetime
{
    ChainBench bench = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.anything" } });
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"a":null,"b":true,"c":-0.5,"d":9007199254740993,"e":"","f":[],"g":{},"h":[[[{"i":[null]}]]],"":1,"ünïcödé 🦊":"🦊"}""")]
    [InlineData("""{"a":1e300,"b":0.1,"c":"\u0001\t\\\"","d":{"constructor":1,"__proto__":2}}""")]
    [InlineData("""{"a":"\ud83e\udd8a"}""")]
    public async Task Any_object_is_kept_as_it_came(string json)
    {
        var stored = await StoreAsync("edge.anything", json);
        Assert.True(await bench.Packs.ReadAsync<bool>("select payload = @json::jsonb from event where id = @id", new { json, id = stored.Id }));
        Assert.NotNull((await bench.EventAsync(stored.Id)).Payload);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("1")]
    [InlineData("{")]
    [InlineData("""{"a":1}{"b":2}""")]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":"\u0000"}""")]
    [InlineData("""{"a\u0000":1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("""{"a":[{"b":["\udc00\ud800"]}]}""")]
    [InlineData("""{"a":1e999999}""")]
    [InlineData("""{"a":-1e400}""")]
    [InlineData("""{"$secret":"v1:k:AAAA"}""")]
    [InlineData("""{"a":{"\u0024secret":"v1:k:AAAA"}}""")]
    public async Task What_the_database_cannot_hold_is_refused_with_a_reason(string json)
    {
        foreach (var trigger in (string[])["edge.anything", "edge.seen"])
        {
            var failure = await RefuseAsync(trigger, Encoding.UTF8.GetBytes(json));
            Assert.Equal("PAYLOAD_INVALID", failure.Reason);
            Assert.All(failure.Violations, violation => Assert.StartsWith("payload", violation.Field));
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_refused()
        => Assert.Equal("PAYLOAD_INVALID", (await RefuseAsync("edge.anything", [.. "{\"a\":\""u8, 0xff, 0xfe, .. "\"}"u8])).Reason);

    [Theory]
    [InlineData("{\"a\":", "}")]
    [InlineData("{\"a\":[", "]}")]
    public async Task Depth_ends_somewhere_without_ending_the_server(string open, string close)
    {
        var levels = 30 / (open.Count(each => each is '{' or '['));
        var stored = await StoreAsync("edge.anything", Nested(levels));
        Assert.Single((await bench.EventAsync(stored.Id)).Payload.Fields);
        Assert.Equal("PAYLOAD_INVALID", (await RefuseAsync("edge.anything", Encoding.UTF8.GetBytes(Nested(levels + 1)))).Reason);
        Assert.Equal("PAYLOAD_INVALID", (await RefuseAsync("edge.anything", Encoding.UTF8.GetBytes(Nested(100_000)))).Reason);

        string Nested(int count) => string.Concat(Enumerable.Repeat(open, count)) + "1" + string.Concat(Enumerable.Repeat(close, count));
    }

    [Fact]
    public async Task A_mebibyte_is_taken_and_more_is_not()
    {
        var frame = """{"a":""}""".Length;
        var largest = await StoreAsync("edge.anything", $$"""{"a":"{{new string('x', EventPayload.BytesMax - frame)}}"}""");
        Assert.Equal(EventPayload.BytesMax - frame, await bench.Packs.ReadAsync<int>("select length(payload ->> 'a') from event where id = @Id", new { largest.Id }));
        var failure = await RefuseAsync("edge.anything", Encoding.UTF8.GetBytes($$"""{"a":"{{new string('x', EventPayload.BytesMax - frame + 1)}}"}"""));
        Assert.Contains("1048576", failure.Message);
    }

    [Fact]
    public async Task Names_that_the_trigger_does_not_know_are_typos_but_not_in_a_webhook()
    {
        Assert.Equal("PAYLOAD_INVALID", (await RefuseAsync("edge.seen", """{"host":"a","extra":1}"""u8.ToArray())).Reason);
        var stored = await StoreAsync("edge.seen", """{"host":"a","extra":1}""", EventOrigin.Webhook);
        Assert.Equal("""{"host": "a", "count": 1, "severity": "low"}""", await bench.Packs.ReadAsync<string>("select payload::text from event where id = @Id", new { stored.Id }));
    }

    [Fact]
    public async Task A_key_has_a_length()
    {
        foreach (var key in (string[])[new('k', 256), "a\0b"])
        {
            var refused = await RefusedCall.OfAsync(() => bench.EmitAsync("""{"host": "a"}""", key));
            Assert.Equal((StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_INVALID"), (refused.Code, refused.Reason));
        }

        Assert.False((await bench.EmitAsync("""{"host": "a"}""", new('k', 255))).Duplicate);
        foreach (var trigger in (string[])["", "edge.none", "x\0y", new('x', 100_000)])
            Assert.Equal("TRIGGER_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.EmitAsync("{}", trigger: trigger))).Reason);
    }

    [Fact]
    public async Task A_secret_in_a_payload_reaches_its_action_and_nobody_else()
    {
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        await bench.CreateRuleAsync("""
            {"ref": "edge.pass_on", "trigger_ref": "edge.seen", "action_ref": "edge.act", "conditions": ["{{ event.payload.token | default('') != '' }}"],
             "action_params": {"host": "{{ event.payload.host }}", "token": "{{ event.payload.token }}"}}
            """);
        var emitted = await bench.EmitAsync("""{"host": "a", "token": "hunter2"}""");
        Assert.Contains("hunter2", (await agent.NextItemAsync(Soon)).Parameters.ToStringUtf8());

        var shown = await bench.EventAsync(emitted.EventId);
        Assert.Equal("***", shown.Payload.Fields["token"].StringValue);
        Assert.Equal("***", Assert.Single(shown.Enforcements).Parameters.Fields["token"].StringValue);
        var listed = await bench.Events.ListEventsAsync(new() { Full = true });
        Assert.DoesNotContain("hunter2", shown.ToString() + listed);
        await AssertNowhereAsync("hunter2");

        // A value that a condition saw and did not like is a secret all the same.
        await bench.CreateRuleAsync("""
            {"ref": "edge.curious", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "a"},
             "conditions": [{"field": "token", "operator": "equals", "value": "other"}]}
            """);
        var unliked = await bench.EventAsync((await bench.EmitAsync("""{"host": "a", "token": "hunter3"}""")).EventId);
        Assert.Contains(unliked.Unmatched, each => each.RuleRef == "edge.curious");
        await AssertNowhereAsync("hunter3");

        var refused = await RefusedCall.OfAsync(() => bench.CreateRuleAsync("""
            {"ref": "edge.leak", "trigger_ref": "edge.seen", "action_ref": "edge.act", "action_params": {"host": "{{ to_json(event.payload) }}"}}
            """));
        Assert.Equal(["rule.action_params.host"], refused.Violations.Select(each => each.Field));
    }

    async Task AssertNowhereAsync(string secret) => Assert.Equal(0, await bench.Packs.ReadAsync<long>(
        """
        select
            (select count(*) from event e where e::text like '%' || @secret || '%')
            + (select count(*) from enforcement e where e::text like '%' || @secret || '%')
            + (select count(*) from execution e where e::text like '%' || @secret || '%')
        """,
        new { secret }));

    async Task<RecordedEvent> StoreAsync(string trigger, string json, EventOrigin origin = EventOrigin.Api)
    {
        var record = bench.Get<RecordEvents>();
        var result = await record.PrepareAsync(new() { TriggerRef = trigger, Payload = Encoding.UTF8.GetBytes(json), Origin = origin }, Soon);
        return result.IsOk(out var prepared, out var failure)
            ? Assert.Single(await record.StoreAsync([prepared], Soon))
            : throw new InvalidOperationException(failure.Message);
    }

    async Task<Attune.Server.Hosting.Failure> RefuseAsync(string trigger, byte[] json)
    {
        var result = await bench.Get<RecordEvents>().PrepareAsync(new() { TriggerRef = trigger, Payload = json, Origin = EventOrigin.Sensor }, Soon);
        Assert.False(result.IsOk(out _, out var failure));
        return failure;
    }
}
