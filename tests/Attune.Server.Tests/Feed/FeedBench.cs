using Attune.Server.Identities;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Grpc.Core;

namespace Attune.Server.Tests.Feed;

/// <summary>A server whose feed is watched through the API, and a database in which things happen by SQL.</summary>
public sealed class FeedBench : IAsyncDisposable
{
    FeedBench(ServerBench server) => Server = server;

    public ServerBench Server { get; }

    public static async Task<FeedBench> StartAsync() => new(await ServerBench.StartAsync(Waiting.SoonEnough));

    /// <summary>A watcher that has its first message, so that it sees all that is done from now on.</summary>
    public Task<Watcher> WatchAsync(WatchRequest? request = null, string? token = null, ServerBench? replica = null)
        => Watcher.StartAsync(replica ?? Server, request ?? new(), token ?? Server.AdminToken);

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);
        await connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: Waiting.SoonEnough));
    }

    public async Task<T> ReadAsync<T>(string sql)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);
        return await connection.QuerySingleAsync<T>(new CommandDefinition(sql, cancellationToken: Waiting.SoonEnough));
    }

    /// <returns>The token of somebody who may do just this.</returns>
    public async Task<string> LogInAsync(string login, string grants)
    {
        var token = NewToken.Create("att_");
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough);
        await connection.ExecuteAsync(
            """
            with who as (
                insert into identity (login) values (@login) returning id
            ),
            what as (
                insert into permission_set (ref, grants) values ('test.' || @login, @grants::jsonb) returning id
            ),
            assigned as (
                insert into permission_assignment (identity, permset) select who.id, what.id from who, what
            )
            insert into api_token (identity, name, token_hash, expires_at)
            select id, 'test', @hash, now() + interval '1 day' from who
            """,
            new { login, grants, hash = token.Hash });
        return token.Text;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>One open stream.</summary>
public sealed class Watcher : IAsyncDisposable
{
    readonly AsyncServerStreamingCall<WatchResponse> call;

    Watcher(AsyncServerStreamingCall<WatchResponse> call) => this.call = call;

    public string Cursor { get; private set; } = "";

    public static async Task<Watcher> StartAsync(ServerBench server, WatchRequest request, string token)
    {
        var headers = new Metadata { { "authorization", $"Bearer {token}" } };
        var watcher = new Watcher(new FeedService.FeedServiceClient(server.Anonymous).Watch(request, headers));
        try
        {
            Assert.Empty(await watcher.NextAsync());
            return watcher;
        }
        catch
        {
            await watcher.DisposeAsync();
            throw;
        }
    }

    /// <summary>The changes of the next message.</summary>
    public async Task<IReadOnlyList<Change>> NextAsync()
    {
        Assert.True(await call.ResponseStream.MoveNext(Waiting.SoonEnough));
        Cursor = call.ResponseStream.Current.Cursor;
        return call.ResponseStream.Current.Changes;
    }

    /// <summary>Messages until so many changes have come.</summary>
    public async Task<IReadOnlyList<Change>> TakeAsync(int count)
    {
        var changes = new List<Change>();
        while (changes.Count < count)
            changes.AddRange(await NextAsync());
        return changes;
    }

    public ValueTask DisposeAsync()
    {
        call.Dispose();
        return ValueTask.CompletedTask;
    }
}

static class ChangeText
{
    /// <summary>`execution 7 core.echo status_changed running`.</summary>
    public static string Text(this Change change)
        => $"{change.EntityType} {change.EntityId} {change.Ref} {change.Activity} {change.Status}".TrimEnd();

    public static IEnumerable<string> Texts(this IEnumerable<Change> changes) => changes.Select(Text);
}
