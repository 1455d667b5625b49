using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Webhooks;

/// <summary>Signatures as the providers document them. Their published examples are used where there are some.</summary>
public sealed class SignatureTests
{
    const string SlackSecret = "8f742231b10e8888abcd99yyyzzz85a5";

    // From "Verifying requests from Slack".
    const string SlackBody = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        + "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        + "%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

    const string SlackSignature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const long SlackTime = 1531420618;

    // From "Validating webhook deliveries" of GitHub, for the secret of the bench.
    const string GithubSignature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task The_example_of_githubs_documentation_is_accepted()
    {
        await using var bench = await StartAsync(WebhookStyle.Github);

        var answer = await bench.PostAsync("Hello, World!"u8.ToArray(), "text/plain", ("X-Hub-Signature-256", GithubSignature));

        Assert.Contains("\"Hello, World!\"", await bench.PayloadAsync(answer.EventId));
    }

    [Fact]
    public async Task Any_other_signature_is_refused_and_nothing_is_stored()
    {
        await using var bench = await StartAsync(WebhookStyle.Github);
        string[] signatures =
        [
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "sha1=757107ea0eb2509fc211221cce984b8a37570b6d",
            "sha256=",
            "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17,sha256=00",
        ];

        foreach (var signature in signatures)
        {
            var answer = await bench.PostAsync("Hello, World!"u8.ToArray(), "text/plain", ("X-Hub-Signature-256", signature));
            answer.Is(401, "SIGNATURE_INVALID");
            Assert.DoesNotContain("757107", answer.Body);
        }

        Assert.Equal(0, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task A_missing_signature_is_refused_in_every_style()
    {
        await using var bench = await WebhookBench.StartAsync();

        foreach (var style in new[] { WebhookStyle.Hmac, WebhookStyle.Github, WebhookStyle.Slack, WebhookStyle.Stripe })
        {
            await bench.EnableAsync(request => request.Signature = new() { Style = style });
            (await bench.PostAsync("{}")).Is(401, "SIGNATURE_MISSING");
        }

        Assert.Equal(0, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task Two_signature_headers_are_refused_even_if_one_is_right()
    {
        await using var bench = await StartAsync(WebhookStyle.Github);

        (await bench.PostAsync("Hello, World!"u8.ToArray(), "text/plain", ("X-Hub-Signature-256", GithubSignature), ("X-Hub-Signature-256", "sha256=00")))
            .Is(401, "SIGNATURE_INVALID");
    }

    [Fact]
    public async Task A_body_that_was_changed_on_the_way_is_refused()
    {
        await using var bench = await StartAsync(WebhookStyle.Github);

        (await bench.PostAsync("Hello, World?"u8.ToArray(), "text/plain", ("X-Hub-Signature-256", GithubSignature))).Is(401, "SIGNATURE_INVALID");
    }

    [Fact]
    public async Task What_slack_signs_as_documented_is_accepted_for_five_minutes()
    {
        await using var bench = await StartAsync(WebhookStyle.Slack, SlackSecret);

        // The algorithm that the test signs with is Slack's own: it gives the published signature for the published time.
        Assert.Equal(SlackSignature, "v0=" + WebhookBench.HexOf(SlackSecret, $"v0:{SlackTime}:{SlackBody}"));
        foreach (var (secondsAgo, status) in new[] { (0, 202), (300, 202), (-300, 202), (301, 401), (-301, 401) })
        {
            var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds() - secondsAgo;
            var answer = await bench.PostAsync(
                Encoding.UTF8.GetBytes(SlackBody), "application/x-www-form-urlencoded",
                ("X-Slack-Signature", "v0=" + WebhookBench.HexOf(SlackSecret, $"v0:{time}:{SlackBody}")), ("X-Slack-Request-Timestamp", $"{time}"));
            answer.Is(status);
            if (status == 401)
                answer.Is(401, "SIGNATURE_STALE");
        }
    }

    [Fact]
    public async Task A_slack_signature_does_not_fit_another_timestamp()
    {
        await using var bench = await StartAsync(WebhookStyle.Slack, SlackSecret);
        var now = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var body = Encoding.UTF8.GetBytes(SlackBody);

        (await bench.PostAsync(body, null, ("X-Slack-Signature", SlackSignature), ("X-Slack-Request-Timestamp", $"{now}"))).Is(401, "SIGNATURE_INVALID");
        (await bench.PostAsync(body, null, ("X-Slack-Signature", SlackSignature), ("X-Slack-Request-Timestamp", $"{SlackTime}"))).Is(401, "SIGNATURE_STALE");
        (await bench.PostAsync(body, null, ("X-Slack-Signature", SlackSignature))).Is(401, "SIGNATURE_MISSING");
        (await bench.PostAsync(body, null, ("X-Slack-Signature", SlackSignature), ("X-Slack-Request-Timestamp", "soon"))).Is(401, "SIGNATURE_INVALID");
    }

    [Fact]
    public async Task Slacks_question_whether_somebody_listens_is_answered_only_when_it_is_signed()
    {
        await using var bench = await StartAsync(WebhookStyle.Slack, SlackSecret);
        const string body = """{"token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"}""";
        var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();

        var asked = await bench.PostAsync(
            body, ("X-Slack-Signature", "v0=" + WebhookBench.HexOf(SlackSecret, $"v0:{time}:{body}")), ("X-Slack-Request-Timestamp", $"{time}"));
        var forged = await bench.PostAsync(
            body, ("X-Slack-Signature", "v0=" + WebhookBench.HexOf("guess", $"v0:{time}:{body}")), ("X-Slack-Request-Timestamp", $"{time}"));

        Assert.Equal("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", asked.Is(200).Body);
        forged.Is(401, "SIGNATURE_INVALID");
        Assert.Equal(0, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task Stripes_header_may_hold_a_signature_for_each_secret_in_use_and_others_that_do_not_count()
    {
        await using var bench = await StartAsync(WebhookStyle.Stripe, "whsec_test");
        const string body = """{"id": "evt_1", "object": "event"}""";
        var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var right = WebhookBench.HexOf("whsec_test", $"{time}.{body}");
        var other = WebhookBench.HexOf("whsec_old", $"{time}.{body}");

        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time},v1={right}"))).Is(202);
        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time},v1={other},v1={right},v0={other}"))).Is(202);
        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time},v1={other}"))).Is(401, "SIGNATURE_INVALID");
        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time},v0={right}"))).Is(401, "SIGNATURE_INVALID");
        (await bench.PostAsync(body, ("Stripe-Signature", $"v1={right}"))).Is(401, "SIGNATURE_INVALID");
        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time},t={time + 1},v1={right}"))).Is(401, "SIGNATURE_INVALID");
        (await bench.PostAsync(body, ("Stripe-Signature", $"t={time + 1},v1={right}"))).Is(401, "SIGNATURE_INVALID");
    }

    [Fact]
    public async Task A_stripe_delivery_that_is_sent_again_after_five_minutes_is_stale()
    {
        await using var bench = await StartAsync(WebhookStyle.Stripe, "whsec_test");
        const string body = """{"id": "evt_1"}""";
        var time = bench.Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var header = ("Stripe-Signature", $"t={time},v1={WebhookBench.HexOf("whsec_test", $"{time}.{body}")}");
        (await bench.PostAsync(body, header)).Is(202);

        bench.Server.Clock.Advance(TimeSpan.FromSeconds(301));

        (await bench.PostAsync(body, header)).Is(401, "SIGNATURE_STALE");
    }

    [Fact]
    public async Task An_hmac_is_taken_in_hex_and_base64_with_and_without_its_name()
    {
        await using var bench = await WebhookBench.StartAsync();
        var key = Encoding.UTF8.GetBytes(WebhookBench.Secret);
        var body = """{"a": 1}""";
        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var (algorithm, hash) in new[] { ("sha256", HMACSHA256.HashData(key, bytes)), ("sha512", HMACSHA512.HashData(key, bytes)) })
        {
            await bench.EnableAsync(request =>
            {
                request.Signature = new() { Style = WebhookStyle.Hmac, Algorithm = algorithm, Header = "X-My-Sign" };
                request.Secret = WebhookBench.Secret;
            });
            string[] texts = [Convert.ToHexStringLower(hash), Convert.ToHexString(hash), Convert.ToBase64String(hash)];
            foreach (var text in texts)
            {
                (await bench.PostAsync(body, ("X-My-Sign", text))).Is(202);
                (await bench.PostAsync(body, ("X-My-Sign", $"{algorithm}={text}"))).Is(202);
                (await bench.PostAsync(body, ("X-My-Sign", $"sha1={text}"))).Is(401, "SIGNATURE_INVALID");
                (await bench.PostAsync(body + " ", ("X-My-Sign", text))).Is(401, "SIGNATURE_INVALID");
                (await bench.PostAsync(body, ("X-Signature", text))).Is(401, "SIGNATURE_MISSING");
            }
        }
    }

    [Fact]
    public async Task Openssl_signs_what_the_server_accepts()
    {
        await using var bench = await StartAsync(WebhookStyle.Hmac, "plain-secret");
        using var openssl = Process.Start(new ProcessStartInfo("openssl", ["dgst", "-sha256", "-hmac", "plain-secret", "-r"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await openssl.StandardInput.WriteAsync("""{"by": "openssl"}""");
        openssl.StandardInput.Close();
        var signature = (await openssl.StandardOutput.ReadToEndAsync(Soon)).Split(' ')[0];

        (await bench.PostAsync("""{"by": "openssl"}""", ("X-Signature", signature))).Is(202);
    }

    static Task<WebhookBench> StartAsync(WebhookStyle style, string secret = WebhookBench.Secret)
        => WebhookBench.StartAsync(request =>
        {
            request.Signature = new() { Style = style };
            request.Secret = secret;
        });
}
