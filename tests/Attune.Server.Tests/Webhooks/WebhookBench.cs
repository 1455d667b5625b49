using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Attune.Server.Hosting;
using Attune.Server.Tests.Hosting;
using Attune.Server.Webhooks;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Webhooks;

/// <summary>A server with an open webhook, whose clock the test moves, and senders of every kind.</summary>
sealed class WebhookBench : IAsyncDisposable
{
    public const string Trigger = "core.hook";
    public const string Secret = "It's a Secret to Everybody";

    WebhookBench(EdgeBench server) => Server = server;

    public EdgeBench Server { get; }

    /// <summary>`/webhooks/wh_…` of <see cref="Trigger"/>.</summary>
    public string Path { get; private set; } = "";

    public HttpClient Http { get; private set; } = new();

    public WebhookOperations Operations => Server.Get<WebhookOperations>();

    public static Caller Admin { get; } = new() { IdentityId = 1, Login = "admin", Grants = [new("*", ["*"], [])] };

    static CancellationToken Soon => Waiting.SoonEnough;

    /// <param name="adjust">How it checks; left alone it takes everything.</param>
    /// <param name="settings">Of the server.</param>
    public static async Task<WebhookBench> StartAsync(
        Action<EnableWebhookRequest>? adjust = null, params (string Key, string Value)[] settings)
    {
        var bench = new WebhookBench(await EdgeBench.StartAsync(Soon, settings));
        bench.Http = new() { BaseAddress = bench.Server.HttpAddress };
        await bench.AddTriggerAsync(Trigger);
        bench.Path = (await bench.EnableAsync(adjust ?? (_ => { }))).Webhook.Path;
        return bench;
    }

    public Task AddTriggerAsync(string reference) => Server.ExecuteAsync(
        $"""
        insert into trigger (ref, label, pack, pack_ref, is_adhoc)
        select '{reference}', 'Hook', id, ref, true from pack where ref = 'core'
        """,
        Soon);

    public async Task<EnableWebhookResponse> EnableAsync(Action<EnableWebhookRequest> adjust)
    {
        var request = new EnableWebhookRequest { TriggerRef = Trigger };
        adjust(request);
        return (await Operations.EnableAsync(Admin, request, Soon)).OrThrowRpc();
    }

    public Task<Answer> PostAsync(string json, params (string Name, string Value)[] headers)
        => PostAsync(Encoding.UTF8.GetBytes(json), "application/json", headers);

    public async Task<Answer> PostAsync(byte[] body, string? contentType, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent(body) };
        if (contentType is not null)
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await Http.SendAsync(request, Soon);
        return new((int)response.StatusCode, await response.Content.ReadAsStringAsync(Soon), response.Headers);
    }

    public Task<string> PayloadAsync(long eventId) => Server.ScalarAsync<string>($"select payload::text from event where id = {eventId}", Soon);

    public async Task<JsonElement> PostAndReadPayloadAsync(byte[] body, string? contentType, params (string Name, string Value)[] headers)
        => JsonElement.Parse(await PayloadAsync((await PostAsync(body, contentType, headers)).EventId));

    public Task<long> CountEventsAsync() => Server.ScalarAsync<long>("select count(*) from event", Soon);

    public async Task<RawHttp> ConnectAsync() => await RawHttp.ConnectAsync(Server.HttpAddress, Soon);

    public static string HexOf(string secret, string text)
        => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text)));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>What a sender was told.</summary>
sealed record Answer(int Status, string Body, HttpResponseHeaders? Headers)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public long EventId => Is(202).Json.GetProperty("event_id").GetInt64();

    public bool IsDuplicate => Is(202).Json.GetProperty("duplicate").GetBoolean();

    public Answer Is(int status)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Body}");
        return this;
    }

    public Answer Is(int status, string reason)
    {
        Is(status);
        Assert.Equal(reason, Json.GetProperty("error").GetProperty("reason").GetString());
        Assert.NotEmpty(Json.GetProperty("error").GetProperty("message").GetString()!);
        return this;
    }
}

/// <summary>HTTP/1.1 written by hand, for what no client would send.</summary>
sealed class RawHttp : IDisposable
{
    readonly TcpClient client;

    RawHttp(TcpClient client) => this.client = client;

    public static async Task<RawHttp> ConnectAsync(Uri address, CancellationToken ct)
    {
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, ct);
        return new(client);
    }

    public async Task WriteAsync(string text, CancellationToken ct) => await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text), ct);

    /// <summary>The status line and all that follows until the server closes the connection.</summary>
    public async Task<Answer> ReadToEndAsync(CancellationToken ct)
    {
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8, leaveOpen: true);
        var text = await reader.ReadToEndAsync(ct);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return new(int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), text[(end + 4)..], null);
    }

    public void Dispose() => client.Dispose();
}
