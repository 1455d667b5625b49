using Attune.Server.Hosting;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Webhooks;

public sealed class WebhookOperationsTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Enabling_again_keeps_what_is_not_given_and_replacing_empties_it()
    {
        await using var bench = await WebhookBench.StartAsync(Everything);

        var kept = (await bench.EnableAsync(request => request.PayloadLimitKb = 5)).Webhook;
        Assert.Equal((WebhookStyle.Github, 3, 5), (kept.Signature.Style, kept.Rate.Requests, kept.PayloadLimitKb));
        Assert.Equal(["10.0.0.0/8"], kept.AllowedIps);

        var replaced = (await bench.EnableAsync(request => request.Replace = true)).Webhook;
        Assert.Null(replaced.Signature);
        Assert.Null(replaced.Rate);
        Assert.Empty(replaced.AllowedIps);
        Assert.Equal((1024, bench.Path), (replaced.PayloadLimitKb, replaced.Path));
    }

    [Fact]
    public async Task A_secret_that_is_made_here_is_shown_once_works_and_is_stored_encrypted()
    {
        await using var bench = await WebhookBench.StartAsync();

        var made = await bench.EnableAsync(request => request.Signature = new() { Style = WebhookStyle.Hmac });
        var kept = await bench.EnableAsync(request => request.Signature = new() { Style = WebhookStyle.Hmac });

        Assert.Equal(64, made.NewSecret.Length);
        Assert.Empty(kept.NewSecret);
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf(made.NewSecret, "{}")))).Is(202);
        Assert.Equal("core.hook.webhook_secret", made.Webhook.Signature.SecretKeyRef);
        Assert.Equal(
            (true, true, false),
            await OneAsync<bool, bool, bool>(bench, $"select encrypted, owner_type = 'pack', value like '%{made.NewSecret}%' from key"));
        Assert.DoesNotContain(made.NewSecret, await bench.Server.ScalarAsync<string>("select webhook_config::text from trigger where ref = 'core.hook'", Soon));
    }

    [Fact]
    public async Task A_new_secret_replaces_the_old_one_at_once()
    {
        await using var bench = await WebhookBench.StartAsync(Signed("old"));
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("old", "{}")))).Is(202);

        await bench.EnableAsync(request => request.Secret = "new");

        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("old", "{}")))).Is(401);
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("new", "{}")))).Is(202);
    }

    [Fact]
    public async Task Signatures_that_are_switched_off_and_on_again_find_their_secret()
    {
        await using var bench = await WebhookBench.StartAsync(Signed("kept"));

        Assert.Null((await bench.EnableAsync(request => request.Signature = new())).Webhook.Signature);
        (await bench.PostAsync("{}")).Is(202);
        Assert.Empty((await bench.EnableAsync(request => request.Signature = new() { Style = WebhookStyle.Hmac })).NewSecret);

        (await bench.PostAsync("{}")).Is(401);
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("kept", "{}")))).Is(202);
    }

    [Fact]
    public async Task A_secret_moved_to_another_trigger_does_not_open()
    {
        await using var bench = await WebhookBench.StartAsync(Signed("mine"));
        await bench.AddTriggerAsync("core.other");
        var other = new EnableWebhookRequest { TriggerRef = "core.other", Signature = new() { Style = WebhookStyle.Hmac }, Secret = "theirs" };
        (await bench.Operations.EnableAsync(WebhookBench.Admin, other, Soon)).OrThrowRpc();

        await bench.Server.ExecuteAsync(
            "update key set value = (select value from key where ref = 'core.other.webhook_secret') where ref = 'core.hook.webhook_secret'", Soon);
        bench.Server.Get<Attune.Server.Webhooks.WebhookCatalog>().Forget();

        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("theirs", "{}")))).Is(403, "WEBHOOK_MISCONFIGURED");
    }

    [Fact]
    public async Task Rotating_closes_the_old_address_and_opens_a_new_one()
    {
        await using var bench = await WebhookBench.StartAsync();
        (await bench.PostAsync("{}")).Is(202);

        var rotated = (await bench.Operations.RotateAsync(WebhookBench.Admin, new() { TriggerRef = WebhookBench.Trigger }, Soon)).OrThrowRpc();

        Assert.True(rotated.PreviousKeyRevoked);
        (await bench.PostAsync("{}")).Is(404);
        using var request = new HttpRequestMessage(HttpMethod.Post, rotated.Webhook.Url) { Content = new StringContent("{}") };
        (await bench.SendAsync(request)).Is(202);
    }

    [Fact]
    public async Task Every_mistake_is_told_at_once_and_changes_nothing()
    {
        await using var bench = await WebhookBench.StartAsync();
        var request = new EnableWebhookRequest
        {
            TriggerRef = WebhookBench.Trigger,
            Signature = new() { Style = WebhookStyle.Hmac, Algorithm = "md5", Header = "Content Type", SecretKeyRef = "core.of_nobody" },
            Rate = new() { Requests = -1, WindowSeconds = 0 },
            AllowedIps = { "10.0.0.0/8", "10.0.0.1/8", "example.com", "10.1", "::ffff:10.0.0.1", "10.0.0.0/33" },
            PayloadLimitKb = 10241,
        };

        var refused = (await bench.Operations.EnableAsync(WebhookBench.Admin, request, Soon)).Failure();

        Assert.Equal("WEBHOOK_INVALID", refused.Reason);
        Assert.Equal(
            [
                "allowed_ips[1]", "allowed_ips[2]", "allowed_ips[3]", "allowed_ips[4]", "allowed_ips[5]", "payload_limit_kb", "rate.requests",
                "signature.algorithm", "signature.header", "signature.secret_key_ref",
            ],
            refused.Violations.Select(each => each.Field).Order(StringComparer.Ordinal));
        Assert.Contains("10.0.0.0/8", refused.Violations.First(each => each.Field is "allowed_ips[1]").Description);
        Assert.Equal("{}", await bench.Server.ScalarAsync<string>("select webhook_config::text from trigger where ref = 'core.hook'", Soon));
    }

    [Fact]
    public async Task What_does_not_go_together_is_refused()
    {
        await using var bench = await WebhookBench.StartAsync();
        (string Field, WebhookStyle Style, string Algorithm, string Header, string Secret)[] requests =
        [
            ("secret", WebhookStyle.Unspecified, "", "", "s"),
            ("signature.header", WebhookStyle.Github, "", "X-Other", "s"),
            ("signature.algorithm", WebhookStyle.Slack, "sha512", "", "s"),
            ("signature.header", WebhookStyle.Hmac, "", "Authorization", "s"),
            ("signature.style", WebhookStyle.Unspecified, "sha256", "", ""),
            ("signature.style", (WebhookStyle)99, "", "", ""),
        ];

        foreach (var (field, style, algorithm, header, secret) in requests)
        {
            var request = new EnableWebhookRequest
            {
                TriggerRef = WebhookBench.Trigger,
                Signature = new() { Style = style, Algorithm = algorithm, Header = header },
                Secret = secret,
            };
            var refused = (await bench.Operations.EnableAsync(WebhookBench.Admin, request, Soon)).Failure();
            Assert.Equal([field], refused.Violations.Select(each => each.Field));
        }
    }

    [Fact]
    public async Task A_key_of_another_pack_is_no_secret_of_this_one()
    {
        await using var bench = await WebhookBench.StartAsync();
        await bench.Server.ExecuteAsync(
            """
            with other as (insert into pack (ref, label, version) values ('other', 'Other', '1.0.0') returning id)
            insert into key (ref, owner_type, owner_pack, name, encrypted, value) select 'other.token', 'pack', id, 'token', false, 'x' from other
            """,
            Soon);
        var request = new EnableWebhookRequest
        {
            TriggerRef = WebhookBench.Trigger,
            Signature = new() { Style = WebhookStyle.Hmac, SecretKeyRef = "other.token" },
        };

        var refused = (await bench.Operations.EnableAsync(WebhookBench.Admin, request, Soon)).Failure();

        Assert.Equal(["signature.secret_key_ref"], refused.Violations.Select(each => each.Field));
    }

    [Fact]
    public async Task The_right_to_webhooks_is_asked_for_the_triggers_pack()
    {
        await using var bench = await WebhookBench.StartAsync();
        var reader = WebhookBench.Admin with { Grants = [new("triggers", ["read", "update"], []), new("triggers", ["webhook"], ["other"])] };

        var refused = await Assert.ThrowsAsync<RpcException>(() => bench.Operations.GetAsync(reader, new() { TriggerRef = WebhookBench.Trigger }, Soon));

        refused.Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        Assert.Equal(
            "TRIGGER_NOT_FOUND",
            (await bench.Operations.GetAsync(WebhookBench.Admin, new() { TriggerRef = "core.nothing" }, Soon)).Failure().Reason);
    }

    [Fact]
    public async Task The_shown_address_is_where_it_listens_unless_there_is_a_public_one()
    {
        await using var bench = await WebhookBench.StartAsync();
        await using var known = await WebhookBench.StartAsync(null, ("Http:PublicUrl", "https://hooks.example.com/attune/"));

        Assert.Equal(new Uri(bench.Server.HttpAddress, bench.Path).ToString(), await ShownAsync(bench));
        Assert.Equal("https://hooks.example.com/attune" + known.Path, await ShownAsync(known));

        static async Task<string> ShownAsync(WebhookBench bench)
            => (await bench.Operations.GetAsync(WebhookBench.Admin, new() { TriggerRef = WebhookBench.Trigger }, Soon)).OrThrowRpc().Webhook.Url;
    }

    [Fact]
    public async Task Removing_the_pack_takes_trigger_and_secret_along()
    {
        await using var bench = await WebhookBench.StartAsync(Signed("s"));
        (await bench.PostAsync("{}", ("X-Signature", WebhookBench.HexOf("s", "{}")))).Is(202);

        await bench.Server.ExecuteAsync("delete from pack where ref = 'core'", Soon);

        await Waiting.UntilAsync(async () => (await bench.PostAsync("{}")).Status == 404, "the webhook is gone", Soon);
        Assert.Equal(0, await bench.Server.ScalarAsync<long>("select count(*) from key", Soon));
    }

    static Action<EnableWebhookRequest> Signed(string secret) => request =>
    {
        request.Signature = new() { Style = WebhookStyle.Hmac };
        request.Secret = secret;
    };

    static void Everything(EnableWebhookRequest request)
    {
        request.Signature = new() { Style = WebhookStyle.Github };
        request.Rate = new() { Requests = 3, WindowSeconds = 60 };
        request.AllowedIps.Add("10.0.0.0/8");
        request.PayloadLimitKb = 9;
    }

    static async Task<(T1, T2, T3)> OneAsync<T1, T2, T3>(WebhookBench bench, string sql)
    {
        await using var command = bench.Server.Database.Db.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Soon);
        Assert.True(await reader.ReadAsync(Soon));
        return (reader.GetFieldValue<T1>(0), reader.GetFieldValue<T2>(1), reader.GetFieldValue<T3>(2));
    }

    [Fact]
    public async Task A_trigger_whose_events_need_more_than_a_webhook_brings_gets_none()
    {
        await using var bench = await WebhookBench.StartAsync();
        await bench.Server.ExecuteAsync(
            $$$"""update trigger set out_schema = '{"body": {"type": "any"}, "severity": {"type": "string", "required": true}}' where ref = '{{{WebhookBench.Trigger}}}'""",
            Waiting.SoonEnough);

        var answer = await bench.Operations.EnableAsync(WebhookBench.Admin, new() { TriggerRef = WebhookBench.Trigger }, Waiting.SoonEnough);

        Assert.False(answer.IsOk(out _, out var failure));
        Assert.Contains("'severity'", Assert.Single(failure.Violations).Description);
    }
}

static class FailedResult
{
    public static Failure Failure<T>(this Result<T> result)
        where T : notnull
    {
        Assert.False(result.IsOk(out _, out var failure));
        return failure!;
    }
}
