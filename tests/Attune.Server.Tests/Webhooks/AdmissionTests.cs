using System.Text;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Webhooks;

/// <summary>Who is let in, and how much of them: keys, switches, sizes, addresses, rates.</summary>
public sealed class AdmissionTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task An_unknown_key_is_not_found_however_often_it_is_asked_and_costs_no_query()
    {
        await using var bench = await WebhookBench.StartAsync();
        (await bench.PostAsync("{}")).Is(202);
        var reads = await ReadsOfTriggersAsync(bench);

        for (var guess = 0; guess < 200; guess++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/wh_{guess:x32}") { Content = new StringContent("{}") };
            (await bench.SendAsync(request)).Is(404, "WEBHOOK_NOT_FOUND");
        }

        Assert.Equal(reads, await ReadsOfTriggersAsync(bench));
    }

    [Fact]
    public async Task Only_post_is_taken()
    {
        await using var bench = await WebhookBench.StartAsync();
        using var get = new HttpRequestMessage(HttpMethod.Get, bench.Path);

        (await bench.SendAsync(get)).Is(405, "METHOD_NOT_ALLOWED");
    }

    [Fact]
    public async Task A_disabled_webhook_refuses_and_takes_again_at_the_same_address()
    {
        await using var bench = await WebhookBench.StartAsync();

        await bench.Operations.DisableAsync(WebhookBench.Admin, new() { TriggerRef = WebhookBench.Trigger }, Soon);
        (await bench.PostAsync("{}")).Is(403, "WEBHOOK_DISABLED");

        var enabled = await bench.EnableAsync(_ => { });
        Assert.Equal(bench.Path, enabled.Webhook.Path);
        (await bench.PostAsync("{}")).Is(202);
    }

    [Fact]
    public async Task A_disabled_trigger_closes_its_webhook_on_every_replica_at_once()
    {
        await using var bench = await WebhookBench.StartAsync();
        await using var other = await bench.Server.StartReplicaAsync(Soon);
        using var http = new HttpClient { BaseAddress = other.HttpAddress };
        (await bench.PostAsync("{}")).Is(202);
        await StatusBecomesAsync(202);

        await bench.Server.ExecuteAsync($"update trigger set enabled = false where ref = '{WebhookBench.Trigger}'", Soon);

        await StatusBecomesAsync(403);
        await Waiting.UntilAsync(async () => (await bench.PostAsync("{}")).Status == 403, "the first replica refuses", Soon);

        Task StatusBecomesAsync(int status) => Waiting.UntilAsync(
            async () => (int)(await http.PostAsync(bench.Path, new StringContent("{}"), Soon)).StatusCode == status, $"{status}", Soon);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_by_its_announced_length_and_one_at_the_limit_is_taken()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.PayloadLimitKb = 2);

        (await bench.PostAsync(new byte[2048], "application/octet-stream")).Is(400);
        (await bench.PostAsync(Encoding.UTF8.GetBytes(new string('a', 2048)), "text/plain")).Is(202);
        (await bench.PostAsync(Encoding.UTF8.GetBytes(new string('a', 2049)), "text/plain")).Is(413, "PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task An_announced_length_over_the_limit_is_refused_before_a_byte_of_it_came()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.PayloadLimitKb = 1);
        using var raw = await bench.ConnectAsync();

        await raw.WriteAsync($"POST {bench.Path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n", Soon);

        (await raw.ReadToEndAsync(Soon)).Is(413, "PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task A_chunked_body_without_a_length_is_counted_while_it_comes()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.PayloadLimitKb = 1);
        using var raw = await bench.ConnectAsync();

        await raw.WriteAsync($"POST {bench.Path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n", Soon);
        for (var chunk = 0; chunk < 5; chunk++)
            await raw.WriteAsync($"100\r\n{new string('a', 256)}\r\n", Soon);

        // It never ends by itself: the server stops reading.
        (await raw.ReadToEndAsync(Soon)).Is(413, "PAYLOAD_TOO_LARGE");
    }

    [Fact]
    public async Task A_chunked_body_within_the_limit_is_put_together()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.PayloadLimitKb = 1);
        using var raw = await bench.ConnectAsync();

        await raw.WriteAsync(
            $"POST {bench.Path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\n{\"a\":\r\n3\r\n [1\r\n2\r\n]}\r\n0\r\n\r\n", Soon);

        (await raw.ReadToEndAsync(Soon)).Is(202);
        Assert.Equal("[1]", await bench.Server.ScalarAsync<string>("select (payload #> '{body,a}')::text from event", Soon));
    }

    [Fact]
    public async Task A_broken_chunk_is_a_bad_request()
    {
        await using var bench = await WebhookBench.StartAsync();
        using var raw = await bench.ConnectAsync();

        await raw.WriteAsync($"POST {bench.Path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", Soon);

        (await raw.ReadToEndAsync(Soon)).Is(400, "BODY_UNREADABLE");
    }

    [Fact]
    public async Task A_body_that_never_comes_gives_up_its_connection_after_half_a_minute()
    {
        await using var bench = await WebhookBench.StartAsync();
        (await bench.PostAsync("{}")).Is(202);
        var clock = bench.Server.Clock;
        var sleeping = clock.WaitingTimers;
        using var raw = await bench.ConnectAsync();
        await raw.WriteAsync($"POST {bench.Path} HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf", Soon);
        await Waiting.UntilAsync(() => clock.WaitingTimers > sleeping, "the server waits for the body", Soon);

        clock.Advance(TimeSpan.FromSeconds(30));

        (await raw.ReadToEndAsync(Soon)).Is(408, "BODY_TIMEOUT");
    }

    [Fact]
    public async Task Only_allowed_addresses_get_in()
    {
        await using var bench = await WebhookBench.StartAsync();

        foreach (var (allowed, status) in new[] { ("127.0.0.1", 202), ("127.0.0.0/8", 202), ("0.0.0.0/0", 202), ("10.0.0.0/8", 403), ("::1", 403), ("::/0", 403) })
        {
            await bench.EnableAsync(request => request.AllowedIps.Add(allowed));
            (await bench.PostAsync("{}")).Is(status);
        }
    }

    [Fact]
    public async Task Nobody_gets_in_by_forging_a_forwarding_header()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.AllowedIps.Add("203.0.113.7"));

        (await bench.PostAsync("{}", ("X-Forwarded-For", "203.0.113.7"))).Is(403, "ADDRESS_NOT_ALLOWED");
        (await bench.PostAsync("{}", ("Forwarded", "for=203.0.113.7"), ("X-Real-IP", "203.0.113.7"))).Is(403, "ADDRESS_NOT_ALLOWED");
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_the_rightmost_address_that_is_not_its_own_counts()
    {
        await using var bench = await WebhookBench.StartAsync(
            request => request.AllowedIps.Add(["203.0.113.7", "2001:db8:1::/48"]),
            ("Http:TrustedProxies:0", "127.0.0.1"), ("Http:TrustedProxies:1", "10.0.0.0/8"));
        (string ForwardedFor, int Status)[] requests =
        [
            ("203.0.113.7", 202),
            ("203.0.113.7:40312", 202),
            ("203.0.113.7, 10.1.2.3", 202),
            ("198.51.100.1, 203.0.113.7, 10.1.2.3, 10.1.2.4", 202),
            ("203.0.113.7, 198.51.100.1", 403),
            ("203.0.113.7, 198.51.100.1, 10.1.2.3", 403),
            ("203.0.113.7, unknown", 403),
            ("203.0.113.7,", 403),
            ("2001:db8:1::9", 202),
            ("[2001:db8:1::9]:443", 202),
            ("2001:db8:2::9", 403),
            ("::ffff:203.0.113.7", 202),
            ("10.1.2.3", 403),
        ];

        foreach (var (forwardedFor, status) in requests)
            (await bench.PostAsync("{}", ("X-Forwarded-For", forwardedFor))).Is(status);
        (await bench.PostAsync("{}")).Is(403, "ADDRESS_NOT_ALLOWED");
        (await bench.PostAsync("{}", ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "198.51.100.1"))).Is(403, "ADDRESS_NOT_ALLOWED");
    }

    [Fact]
    public async Task The_rate_is_a_sliding_window_that_says_when_to_come_again()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.Rate = new() { Requests = 2, WindowSeconds = 10 });
        var clock = bench.Server.Clock;

        (await bench.PostAsync("{}")).Is(202);
        clock.Advance(TimeSpan.FromSeconds(4));
        (await bench.PostAsync("{}")).Is(202);
        var refused = (await bench.PostAsync("{}")).Is(429, "RATE_LIMITED");
        Assert.Equal(TimeSpan.FromSeconds(6), refused.Headers!.RetryAfter!.Delta);

        clock.Advance(TimeSpan.FromSeconds(6));
        (await bench.PostAsync("{}")).Is(202);
        (await bench.PostAsync("{}")).Is(429, "RATE_LIMITED");
        Assert.Equal(3, await bench.CountEventsAsync());
    }

    [Fact]
    public async Task Requests_that_are_refused_do_not_use_up_the_rate()
    {
        await using var bench = await WebhookBench.StartAsync(request =>
        {
            request.Rate = new() { Requests = 1, WindowSeconds = 60 };
            request.Signature = new() { Style = WebhookStyle.Hmac };
            request.Secret = "s";
        });

        for (var guess = 0; guess < 5; guess++)
            (await bench.PostAsync("{}", ("X-Signature", "00"))).Is(401);
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("s", "{}")))).Is(202);
    }

    [Fact]
    public async Task The_rate_holds_over_a_change_of_the_configuration()
    {
        await using var bench = await WebhookBench.StartAsync(request => request.Rate = new() { Requests = 1, WindowSeconds = 60 });
        (await bench.PostAsync("{}")).Is(202);

        await bench.EnableAsync(request => request.PayloadLimitKb = 7);

        (await bench.PostAsync("{}")).Is(429);
    }

    [Fact]
    public async Task What_cannot_be_checked_is_refused()
    {
        await using var bench = await WebhookBench.StartAsync();
        var signature = ("X-Signature", WebhookBench.HexOf("s", "{}"));
        string[] damages =
        [
            "delete from key where ref = 'core.hook.webhook_secret'",
            "update key set value = 'v1:test:AAAA' where ref = 'core.hook.webhook_secret'",
            "update key set value = (select value from key where ref = 'core.hook.webhook_secret') || 'A'",
            """update trigger set webhook_config = '{"hmac": {"enabled": true}}' where ref = 'core.hook'""",
            """update trigger set webhook_config = '{"hmca": {"enabled": true}}' where ref = 'core.hook'""",
            """update trigger set webhook_config = '{"ip_allowlist": {"enabled": true, "ips": ["10.0.0.0/33"]}}' where ref = 'core.hook'""",
            """update trigger set webhook_config = jsonb_set(webhook_config, '{hmac,algorithm}', '"md5"') where ref = 'core.hook'""",
            """update trigger set webhook_config = '[]' where ref = 'core.hook'""",
        ];

        foreach (var damage in damages)
        {
            await bench.EnableAsync(request =>
            {
                request.Signature = new() { Style = WebhookStyle.Hmac };
                request.Secret = "s";
                request.Replace = true;
            });
            (await bench.PostAsync("{}", signature)).Is(202);

            await bench.Server.ExecuteAsync(damage, Soon);
            bench.Server.Get<Attune.Server.Webhooks.WebhookCatalog>().Forget();

            (await bench.PostAsync("{}", signature)).Is(403, "WEBHOOK_MISCONFIGURED");
            (await bench.PostAsync("{}")).Is(403, "WEBHOOK_MISCONFIGURED");
        }
    }

    static Task<long> ReadsOfTriggersAsync(WebhookBench bench)
        => bench.Server.CounterAsync("coalesce(seq_scan, 0) + coalesce(idx_scan, 0)", "trigger", Soon);
}
