using System.Text;
using Attune.Server.Keys;
using Dapper;
using Npgsql;

namespace Attune.Server.Hosting.Requests;

/// <summary>One identity's one call.</summary>
sealed record RequestKey(long Identity, string Rpc, string RequestId);

/// <summary>Mine to run, or somebody's with an answer, or (neither) under way.</summary>
readonly record struct BegunRequest(bool IsMine, byte[]? Answer);

/// <summary>
/// The first answers, protected because some of them are credentials. A call whose server died in the middle leaves a row without
/// an answer; after a minute without news the next caller takes it over.
/// </summary>
sealed class RequestStore(NpgsqlDataSource db, SecretBox box, TimeProvider clock)
{
    static readonly TimeSpan Memory = TimeSpan.FromHours(24);
    static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);

    const string Begin = """
        insert into request as present (identity, rpc, request_id, created)
        values (@Identity, @Rpc, @RequestId, @now)
        on conflict (identity, rpc, request_id) do update
        set created = excluded.created, answer = null
        where present.created < @forgotten
            or (present.answer is null and present.created < @abandoned)
        returning id
        """;

    const string SelectAnswer = """
        select answer
        from request
        where identity = @Identity and rpc = @Rpc and request_id = @RequestId
        """;

    public async Task<BegunRequest> BeginAsync(RequestKey key, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var connection = await db.OpenConnectionAsync(ct);
        var mine = await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            Begin,
            new { key.Identity, key.Rpc, key.RequestId, now, forgotten = now - Memory, abandoned = now - Abandoned },
            cancellationToken: ct));
        if (mine is not null)
            return new(true, null);

        var answer = await connection.QuerySingleOrDefaultAsync<byte[]?>(
            new CommandDefinition(SelectAnswer, key, cancellationToken: ct));
        return new(false, answer is null ? null : box.Unprotect(Encoding.ASCII.GetString(answer), PlaceOf(key)));
    }

    const string Complete = """
        update request
        set answer = @answer
        where identity = @Identity and rpc = @Rpc and request_id = @RequestId
        """;

    public async Task CompleteAsync(RequestKey key, byte[] response, CancellationToken ct)
    {
        var answer = Encoding.ASCII.GetBytes(box.Protect(response, PlaceOf(key)));
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            Complete, new { key.Identity, key.Rpc, key.RequestId, answer }, cancellationToken: ct));
    }

    const string Forget = """
        delete from request
        where identity = @Identity and rpc = @Rpc and request_id = @RequestId and answer is null
        """;

    public async Task ForgetAsync(RequestKey key, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Forget, key, cancellationToken: ct));
    }

    const string DeleteOld = "delete from request where created < @forgotten";

    public async Task<int> DeleteOldAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(
            new CommandDefinition(DeleteOld, new { forgotten = clock.GetUtcNow() - Memory }, cancellationToken: ct));
    }

    static byte[] PlaceOf(RequestKey key) => Encoding.UTF8.GetBytes($"request:{key.Identity}:{key.Rpc}:{key.RequestId}");
}
