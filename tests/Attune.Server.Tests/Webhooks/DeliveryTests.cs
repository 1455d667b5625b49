using System.Text;
using System.Text.Json;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Webhooks;

public sealed class DeliveryTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_delivery_becomes_an_event_with_body_headers_query_and_content_type()
    {
        await using var bench = await WebhookBench.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, bench.Path + "?env=prod&tag=a&tag=b&empty=")
        {
            Content = new StringContent("""{"n": 12345678901234567890, "x": [1.50, {"ä": null}]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("X-Custom", ["one", "two"]);

        var payload = JsonElement.Parse(await bench.PayloadAsync((await bench.SendAsync(request)).EventId));

        Assert.Equal(["body", "content_type", "headers", "query"], payload.EnumerateObject().Select(each => each.Name).Order());
        Assert.Equal("12345678901234567890", payload.GetProperty("body").GetProperty("n").GetRawText());
        Assert.Equal(JsonValueKind.Null, payload.GetProperty("body").GetProperty("x")[1].GetProperty("ä").ValueKind);
        Assert.Equal("one, two", payload.GetProperty("headers").GetProperty("x-custom").GetString());
        Assert.Equal("""{"env": "prod", "tag": ["a", "b"], "empty": ""}""", Sorted(payload.GetProperty("query"), "env", "tag", "empty"));
        Assert.Equal("application/json", payload.GetProperty("content_type").GetString());
        Assert.Equal("webhook", await bench.Server.ScalarAsync<string>("select origin from event", Soon));
    }

    [Fact]
    public async Task Credentials_and_signatures_never_reach_the_rules_or_the_database()
    {
        await using var bench = await WebhookBench.StartAsync(request =>
        {
            request.Signature = new() { Style = WebhookStyle.Hmac, Header = "X-Own-Sign" };
            request.Secret = WebhookBench.Secret;
        });

        var payload = await bench.PostAndReadPayloadAsync(
            "{}"u8.ToArray(), "application/json", ("X-Own-Sign", WebhookBench.HexOf(WebhookBench.Secret, "{}")), ("Authorization", "Bearer tell-nobody"),
            ("Cookie", "session=tell-nobody"), ("Proxy-Authorization", "Basic tell-nobody"), ("X-Hub-Signature-256", "sha256=tell-nobody"),
            ("Stripe-Signature", "t=1,v1=tell-nobody"), ("X-Kept", "yes"));

        var names = payload.GetProperty("headers").EnumerateObject().Select(each => each.Name).ToList();
        Assert.Contains("x-kept", names);
        Assert.DoesNotContain("x-own-sign", names);
        Assert.DoesNotContain("tell-nobody", payload.GetRawText());
        Assert.All(names, name => Assert.Equal(name.ToLowerInvariant(), name));
    }

    [Fact]
    public async Task A_body_of_every_kind_becomes_a_json_value()
    {
        await using var bench = await WebhookBench.StartAsync();
        (string Sent, string? ContentType, string Expected)[] bodies =
        [
            ("[1, 2]", "application/json", "[1, 2]"),
            ("\"text\"", "application/json; charset=UTF-8", "\"text\""),
            ("7", "application/vnd.github+json", "7"),
            ("\uFEFF{\"a\": true}", "application/json", "{\"a\": true}"),
            ("", "application/json", "null"),
            ("", null, "null"),
            ("a=1&b=x%20y+z&a=2&c=", "application/x-www-form-urlencoded", "{\"a\": [\"1\", \"2\"], \"b\": \"x y z\", \"c\": \"\"}"),
            ("b=%ff%ed%a0%80", "application/x-www-form-urlencoded", "{\"b\": \"%ff%ed%a0%80\"}"),
            ("grüß\n\"dich\"", "text/plain", "\"grüß\\n\\\"dich\\\"\""),
            ("<a/>", "application/xml", "\"<a/>\""),
            ("{\"looks\": \"like json\"}", null, "\"{\\\"looks\\\": \\\"like json\\\"}\""),
        ];

        foreach (var (sent, contentType, expected) in bodies)
        {
            var payload = await bench.PostAndReadPayloadAsync(Encoding.UTF8.GetBytes(sent), contentType);
            Assert.True(
                JsonElement.DeepEquals(JsonElement.Parse(expected), payload.GetProperty("body")), payload.GetProperty("body").GetRawText());
        }
    }

    [Fact]
    public async Task Bytes_that_are_no_text_come_as_base64_and_text_in_its_own_charset()
    {
        await using var bench = await WebhookBench.StartAsync();

        var binary = await bench.PostAndReadPayloadAsync([0xff, 0x00, 0x80], "application/octet-stream");
        var latin = await bench.PostAndReadPayloadAsync([0x67, 0xfc], "text/plain; charset=iso-8859-1");

        Assert.Equal("/wCA", binary.GetProperty("body").GetString());
        Assert.Equal("gü", latin.GetProperty("body").GetString());
    }

    [Fact]
    public async Task A_body_that_is_not_what_it_says_or_cannot_be_stored_is_refused_without_quoting_it()
    {
        await using var bench = await WebhookBench.StartAsync();
        (string Sent, string ContentType)[] bodies =
        [
            ("{", "application/json"),
            ("{} {}", "application/json"),
            ("{\"a\": 1, \"a\": 2}", "application/json"),
            ("{\"a\": \"\\u0000\"}", "application/json"),
            ("{\"a\": \"\\ud800\"}", "application/json"),
            ("{\"a\": 1e400}", "application/json"),
            ("a=%00", "application/x-www-form-urlencoded"),
            ("\0", "text/plain"),
            ("{\"a\": tell-nobody}", "application/json"),
        ];

        foreach (var (sent, contentType) in bodies)
            Assert.DoesNotContain("tell", (await bench.PostAsync(Encoding.UTF8.GetBytes(sent), contentType)).Is(400, "BODY_INVALID").Body);
        Assert.Equal(0, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task Json_may_be_nested_but_not_without_end()
    {
        await using var bench = await WebhookBench.StartAsync();

        (await bench.PostAsync(new string('[', 28) + new string(']', 28))).Is(202);
        (await bench.PostAsync(new string('[', 29) + new string(']', 29))).Is(400, "BODY_INVALID");
        (await bench.PostAsync(new string('[', 500_000))).Is(400, "BODY_INVALID");
    }

    [Fact]
    public async Task Bytes_that_do_not_fit_the_charset_and_charsets_that_nobody_knows_are_refused()
    {
        await using var bench = await WebhookBench.StartAsync();

        (await bench.PostAsync([0xff], "text/plain")).Is(400, "BODY_INVALID");
        (await bench.PostAsync([0x22, 0xff, 0x22], "application/json")).Is(400, "BODY_INVALID");
        (await bench.PostAsync("a"u8.ToArray(), "text/plain; charset=klingon")).Is(415, "CHARSET_UNSUPPORTED");
        (await bench.PostAsync("a"u8.ToArray(), "what/is;;this=")).Is(415, "CONTENT_TYPE_INVALID");
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        await using var bench = await WebhookBench.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, bench.Path) { Content = new ByteArrayContent([0x1f, 0x8b]) };
        request.Content.Headers.ContentEncoding.Add("gzip");

        (await bench.SendAsync(request)).Is(415, "CONTENT_ENCODING_UNSUPPORTED");
    }

    [Fact]
    public async Task Githubs_form_is_decoded_to_the_json_in_it()
    {
        await using var bench = await WebhookBench.StartAsync();
        var form = Encoding.UTF8.GetBytes("payload=" + Uri.EscapeDataString("""{"ref": "refs/heads/main"}"""));

        var github = await bench.PostAndReadPayloadAsync(form, "application/x-www-form-urlencoded", ("X-GitHub-Event", "push"));
        var somebody = await bench.PostAndReadPayloadAsync(form, "application/x-www-form-urlencoded");

        Assert.Equal("refs/heads/main", github.GetProperty("body").GetProperty("ref").GetString());
        Assert.Equal("push", github.GetProperty("headers").GetProperty("x-github-event").GetString());
        Assert.Equal(JsonValueKind.String, somebody.GetProperty("body").GetProperty("payload").ValueKind);
    }

    [Fact]
    public async Task A_delivery_that_comes_again_is_one_event_and_says_so()
    {
        await using var bench = await WebhookBench.StartAsync();

        var first = await bench.PostAsync("""{"try": 1}""", ("Idempotency-Key", "delivery-1"));
        var again = await bench.PostAsync("""{"try": 2}""", ("Idempotency-Key", "delivery-1"));
        var other = await bench.PostAsync("""{"try": 1}""", ("Idempotency-Key", "delivery-2"));
        var none = await bench.PostAsync("""{"try": 1}""");

        Assert.Equal((first.EventId, false, true), (again.EventId, first.IsDuplicate, again.IsDuplicate));
        Assert.Equal(3, new HashSet<long> { first.EventId, other.EventId, none.EventId }.Count);
        Assert.False(other.IsDuplicate || none.IsDuplicate);
        Assert.Equal(3, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task A_key_longer_than_the_column_still_tells_deliveries_apart()
    {
        await using var bench = await WebhookBench.StartAsync();
        var key = new string('k', 4000);

        var first = await bench.PostAsync("{}", ("Idempotency-Key", key));
        var again = await bench.PostAsync("{}", ("Idempotency-Key", key));
        var other = await bench.PostAsync("{}", ("Idempotency-Key", key + "k"));

        Assert.Equal(first.EventId, again.EventId);
        Assert.NotEqual(first.EventId, other.EventId);
    }

    [Fact]
    public async Task A_replay_of_a_signed_delivery_cannot_pass_for_a_new_one_by_another_header()
    {
        await using var bench = await WebhookBench.StartAsync(request =>
        {
            request.Signature = new() { Style = WebhookStyle.Stripe };
            request.Secret = "whsec";
        });
        const string body = """{"id": "evt_1"}""";
        var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var signature = ("Stripe-Signature", $"t={time},v1={WebhookBench.HexOf("whsec", $"{time}.{body}")}");

        var first = await bench.PostAsync(body, signature);
        var replayed = await bench.PostAsync(body, signature, ("Idempotency-Key", "something-new"));

        Assert.Equal(first.EventId, replayed.EventId);
        Assert.True(replayed.IsDuplicate);
    }

    [Fact]
    public async Task Githubs_delivery_id_counts_and_does_not_meet_an_idempotency_key_of_the_same_text()
    {
        await using var bench = await WebhookBench.StartAsync(request =>
        {
            request.Signature = new() { Style = WebhookStyle.Github };
            request.Secret = WebhookBench.Secret;
        });
        var signature = ("X-Hub-Signature-256", "sha256=" + WebhookBench.HexOf(WebhookBench.Secret, "{}"));
        const string id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

        var first = await bench.PostAsync("{}", signature, ("X-GitHub-Delivery", id));
        var redelivered = await bench.PostAsync("{}", signature, ("X-GitHub-Delivery", id));
        var keyed = await bench.PostAsync("{}", signature, ("Idempotency-Key", id));

        Assert.Equal(first.EventId, redelivered.EventId);
        Assert.NotEqual(first.EventId, keyed.EventId);
    }

    [Fact]
    public async Task Slacks_event_id_counts()
    {
        await using var bench = await WebhookBench.StartAsync(request =>
        {
            request.Signature = new() { Style = WebhookStyle.Slack };
            request.Secret = "slack";
        });
        const string body = """{"type": "event_callback", "event_id": "Ev08MFMKH6"}""";

        var first = await PostSignedAsync();
        bench.Server.Clock.Advance(TimeSpan.FromSeconds(10));
        var retried = await PostSignedAsync();

        Assert.Equal(first.EventId, retried.EventId);
        Assert.True(retried.IsDuplicate);

        Task<Answer> PostSignedAsync()
        {
            var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
            return bench.PostAsync(
                body, ("X-Slack-Signature", "v0=" + WebhookBench.HexOf("slack", $"v0:{time}:{body}")), ("X-Slack-Request-Timestamp", $"{time}"));
        }
    }

    static string Sorted(JsonElement value, params string[] names)
        => "{" + string.Join(", ", names.Select(name => $"\"{name}\": {value.GetProperty(name).GetRawText()}")) + "}";

    [Fact]
    public async Task A_limit_above_the_usual_is_the_limit()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.PayloadLimitKb = 4096);

        (await bench.PostAsync($"\"{new string('x', 3 << 20)}\"")).Is(202);
    }
}
