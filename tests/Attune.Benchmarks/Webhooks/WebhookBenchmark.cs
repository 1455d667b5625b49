using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Attune.Benchmarks.Events;
using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Latency;
using Attune.Server.Storage;
using Attune.V1;

namespace Attune.Benchmarks.Webhooks;

/// <summary>
/// How soon a sender has its 202 for a signed request, with the event and what its rules make of it committed, on an idle installation;
/// against one durable insert and one empty call, each measured alone and added up.
/// </summary>
sealed class WebhookBenchmark(BenchSettings settings) : IBenchmark
{
    const int Blocks = 5;
    const int SamplesPerBlock = 80;
    const string Parts = "insert + call";
    const string Body = """{"ref": "refs/heads/main", "repository": {"full_name": "example/site"}, "commits": []}""";
    static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(2);

    readonly Figure median = new("webhook accepted p50", "µs", 0, Parts, null);
    readonly Figure slow = new("webhook accepted p99", "µs", 0, Parts, null);
    readonly Lifetime lifetime = new();
    readonly HttpClient http = new();
    LatencyProbe? product;
    LatencyProbe[] parts = [];

    public string Name => "webhook";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await EventPack.InstallAsync(installation, ct);
        await installation.Triggers.CreateTriggerAsync(
            new() { Trigger = new() { Ref = "benchevents.pushed", Label = "Pushed" } }, installation.Admin, cancellationToken: ct);
        var opened = await installation.Triggers.EnableWebhookAsync(
            new() { TriggerRef = "benchevents.pushed", Signature = new() { Style = WebhookStyle.Github } },
            installation.Admin,
            cancellationToken: ct);
        var address = new Uri(installation.HttpAddress, opened.Webhook.Path);
        var signature = $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(opened.NewSecret), Encoding.UTF8.GetBytes(Body)))}";
        product = new(stop => PostAsync(address, signature, stop), RestAsync);

        var baseline = await BaselineDatabase.CreateAsync(installation.Postgres, ct);
        var insert = lifetime.Owns(await InsertOnce.PrepareAsync(Database.Open(new() { ConnectionString = baseline }, "attune-bench"), ct));
        var echo = lifetime.Owns(await EchoProcess.StartAsync(ct));
        parts = [new(insert.RunAsync, RestAsync), new(new EmptyCall(echo.Channel).RunAsync, RestAsync)];
        foreach (var probe in parts.Append(product))
            await probe.TakeAsync(200, ct);
        Collect();
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        LatencyProbe[] turns = repeat % 2 == 0 ? [product!, .. parts] : [.. parts, product!];
        for (var block = 0; block < Blocks; block++)
        {
            foreach (var probe in turns)
                await probe.TakeAsync(SamplesPerBlock, ct);
        }

        return Collect();
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return lifetime.DisposeAsync();
    }

    async Task<TimeSpan> PostAsync(Uri address, string signature, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Hub-Signature-256", signature);
        request.Headers.Add("X-GitHub-Delivery", Guid.NewGuid().ToString());
        var start = Stopwatch.GetTimestamp();
        using var answer = await http.SendAsync(request, ct);
        var time = Stopwatch.GetElapsedTime(start);
        return answer.StatusCode is HttpStatusCode.Accepted ? time : throw new InvalidOperationException($"Answered {answer.StatusCode}.");
    }

    RepeatOutcome Collect()
    {
        var (whole, each) = (product!.Collect(), parts.Select(part => part.Collect()).ToArray());
        return new(
        [
            new(median, whole.Median, each.Sum(part => part.Median)),
            new(slow, whole.Percentile(0.99), each.Sum(part => part.Percentile(0.99))),
        ]);
    }

    Task RestAsync(CancellationToken ct) => Task.Delay(Rest, settings.Clock, ct);
}
