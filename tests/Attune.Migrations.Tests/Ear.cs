using System.Text.Json.Nodes;
using Npgsql;

namespace Attune.Migrations.Tests;

/// <summary>A session that listens to every channel.</summary>
sealed class Ear : IAsyncDisposable
{
    static readonly string[] Channels =
    [
        "execution_created", "execution_status_changed", "workflow_execution_status_changed", "event_created", "enforcement_created",
        "inquiry_created", "inquiry_responded", "rule_changed", "attune_notifications", "said",
    ];

    readonly NpgsqlConnection connection;
    readonly List<Heard> heard = [];

    Ear(NpgsqlConnection connection)
    {
        this.connection = connection;
        connection.Notification += (_, notice) => heard.Add(new(notice.Channel, notice.Payload));
    }

    public static async Task<Ear> ListenAsync(NpgsqlDataSource db, CancellationToken ct)
    {
        var connection = await db.OpenConnectionAsync(ct);
        await using var listen = new NpgsqlCommand(string.Join(";", Channels.Select(channel => $"listen {channel}")), connection);
        await listen.ExecuteNonQueryAsync(ct);
        return new(connection);
    }

    /// <summary>What came since the last time. Notifications arrive in the order of their commits, so the last one is our own mark.</summary>
    public async Task<IReadOnlyList<Heard>> HearAsync(NpgsqlDataSource db, CancellationToken ct)
    {
        await db.ExecuteAsync("notify said", ct);
        while (heard.All(each => each.Channel != "said"))
            await connection.WaitAsync(ct);

        var all = heard.Where(each => each.Channel != "said").ToList();
        heard.Clear();
        return all;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

/// <summary>One notification.</summary>
sealed record Heard(string Channel, string Payload)
{
    public JsonObject Json => JsonNode.Parse(Payload)!.AsObject();
    public string Type => (string)Json["entity_type"]!;
    public string? Status => (string?)Json["status"];
    public string? Operation => (string?)Json["operation"];
    public IReadOnlyList<long> Ids => [.. Json["entity_ids"]!.AsArray().Select(id => (long)id!)];
}
