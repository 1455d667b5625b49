using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed class TriggerTests
{
    [Fact]
    public async Task A_trigger_is_made_with_the_schema_of_its_payload()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync(
            "trigger", "create", "ops.deploy", "--label", "Deploy", "--payload-schema", """{"branch": {"type": "string"}}""", "--tag", "ci", "--disabled");

        Assert.Equal(0, made.ExitCode);
        var asked = Assert.Single(bench.Plane.Triggers.Created);
        Assert.Equal(("ops.deploy", "Deploy", false), (asked.Trigger.Ref, asked.Trigger.Label, asked.Enabled));
        Assert.Equal("string", asked.Trigger.Output.Fields["branch"].StructValue.Fields["type"].StringValue);
        Assert.Equal(["ci"], asked.Trigger.Tags);
    }

    [Fact]
    public async Task A_trigger_shows_what_its_events_carry()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Contains("zone   string", (await bench.RunAsync("trigger", "show", "edge.alarm")).Output);
        Assert.Contains("anything", (await bench.RunAsync("trigger", "show", "edge.open")).Output);
        Assert.Contains("attune trigger list", (await bench.RunAsync("trigger", "show", "edge.nothing")).Errors);
    }

    [Fact]
    public async Task A_webhook_is_opened_with_every_check_and_its_secret_comes_from_a_file_and_is_not_shown()
    {
        await using var bench = await CliBench.StartAsync();
        var secret = bench.Write("secret", "hush hush\n");

        var opened = await bench.RunAsync(
            "trigger", "webhook", "enable", "edge.alarm", "--style", "hmac", "--secret-file", secret, "--algorithm", "sha512", "--header", "X-Sign",
            "--rate", "100/60s", "--allow", "10.0.0.0/8", "--allow", "::1", "--limit-kb", "64", "--replace");

        Assert.Equal(0, opened.ExitCode);
        var asked = Assert.Single(bench.Plane.Triggers.Opened);
        Assert.Equal((WebhookStyle.Hmac, "sha512", "X-Sign", "hush hush"), (asked.Signature.Style, asked.Signature.Algorithm, asked.Signature.Header, asked.Secret));
        Assert.Equal((100, 60, 64, true), (asked.Rate.Requests, asked.Rate.WindowSeconds, asked.PayloadLimitKb, asked.Replace));
        Assert.Equal(["10.0.0.0/8", "::1"], asked.AllowedIps);
        Assert.Contains("http://127.0.0.1:7701/webhooks/wh_1", opened.Output);
        Assert.DoesNotContain("hush", opened.Output + opened.Errors);
    }

    [Fact]
    public async Task What_is_not_given_to_a_webhook_is_not_sent()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("trigger", "webhook", "enable", "edge.alarm");

        var asked = Assert.Single(bench.Plane.Triggers.Opened);
        Assert.Equal((null, null, false, "", false), (asked.Signature, asked.Rate, asked.HasPayloadLimitKb, asked.Secret, asked.Replace));
    }

    [Fact]
    public async Task A_secret_comes_from_stdin_and_one_that_the_server_made_is_shown_once()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("from stdin\n", ["trigger", "webhook", "enable", "edge.alarm", "--style", "github", "--secret-file", "-"]);
        var made = await bench.RunAsync("trigger", "webhook", "enable", "edge.alarm", "--style", "stripe");

        Assert.Equal("from stdin", bench.Plane.Triggers.Opened.First().Secret);
        Assert.Contains("made-here", made.Output);
        Assert.Contains("not shown again", made.Errors);
    }

    [Theory]
    [InlineData("--rate 100", "100/60s")]
    [InlineData("--rate x/60s", "100/60s")]
    [InlineData("--secret-file whatever", "--style")]
    [InlineData("--style gitlab", "gitlab")]
    public async Task A_mistake_is_named_before_anything_is_sent(string options, string said)
    {
        await using var bench = await CliBench.StartAsync();

        var opened = await bench.RunAsync(["trigger", "webhook", "enable", "edge.alarm", .. options.Split(' ')]);

        Assert.Equal(2, opened.ExitCode);
        Assert.Contains(said, opened.Errors);
        Assert.Empty(bench.Plane.Triggers.Opened);
    }

    [Fact]
    public async Task An_address_is_changed_only_when_it_is_meant()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal(2, (await bench.RunAsync("trigger", "webhook", "rotate", "edge.alarm")).ExitCode);
        Assert.Empty(bench.Plane.Triggers.Rotated);
        var rotated = await bench.RunAsync("trigger", "webhook", "rotate", "edge.alarm", "-y");

        Assert.Contains("/webhooks/wh_2", rotated.Output);
        Assert.Contains("404", rotated.Errors);
    }
}
