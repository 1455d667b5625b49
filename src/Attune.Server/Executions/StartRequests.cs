using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Executions;

/// <summary>
/// Request ids of started executions, written in the transaction that stores the executions: a repeated request finds the first
/// answer, and two at once are decided by the unique key.
/// </summary>
static class StartRequests
{
    // A conflicting row of an unfinished transaction is waited for, so what does not come back is committed and has its answer.
    const string Claim = """
        insert into request (identity, rpc, request_id)
        select *
        from unnest(@identities, @rpcs, @request_ids) as t (identity, rpc, request_id)
        order by 1, 2, 3
        on conflict (identity, rpc, request_id) do nothing
        returning identity, rpc, request_id
        """;

    const string Find = """
        select r.identity, r.rpc, r.request_id, r.answer
        from request r
        join unnest(@identities, @rpcs, @request_ids) as t (identity, rpc, request_id) using (identity, rpc, request_id)
        """;

    const string Answer = """
        update request r
        set answer = t.answer
        from unnest(@identities, @rpcs, @request_ids, @answers) as t (identity, rpc, request_id, answer)
        where r.identity = t.identity and r.rpc = t.rpc and r.request_id = t.request_id
        """;

    /// <summary>For each request the earlier answer, or null where it is new.</summary>
    public static async Task<IReadOnlyList<StoredExecutions?>> ClaimAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewExecutions> requests, CancellationToken ct)
    {
        var named = requests.Where(request => request.RequestId is not "").ToList();
        var won = new HashSet<(long, string, string)>();
        await using (var claim = Command(Claim, connection, transaction, named))
        await using (var reader = await claim.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
                won.Add((reader.GetInt64(0), reader.GetString(1), reader.GetString(2)));
        }

        var earlier = new Dictionary<(long, string, string), long[]>();
        if (won.Count < named.Count)
        {
            await using var find = Command(Find, connection, transaction, named);
            await using var reader = await find.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                if (!await reader.IsDBNullAsync(3, ct))
                {
                    earlier[(reader.GetInt64(0), reader.GetString(1), reader.GetString(2))]
                        = MemoryMarshal.Cast<byte, long>(reader.GetFieldValue<byte[]>(3)).ToArray();
                }
            }
        }

        // The same id twice in one batch: the first one wins, the other waits for its caller's next try.
        return requests
            .Select(request => request.RequestId is "" || won.Remove(KeyOf(request))
                ? null
                : new StoredExecutions(earlier.GetValueOrDefault(KeyOf(request), []), Repeated: true))
            .ToList();
    }

    public static async Task AnswerAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<NewExecutions> requests,
        IReadOnlyList<StoredExecutions> stored, CancellationToken ct)
    {
        var named = requests.Select((request, index) => (request, ids: stored[index].Ids))
            .Where(each => each.request.RequestId is not "")
            .ToList();
        await using var answer = Command(Answer, connection, transaction, named.ConvertAll(each => each.request));
        answer.Parameters.Add(new("answers", NpgsqlDbType.Bytea | NpgsqlDbType.Array)
        {
            Value = named.Select(each => MemoryMarshal.AsBytes(each.ids.ToArray().AsSpan()).ToArray()).ToArray(),
        });
        await answer.ExecuteNonQueryAsync(ct);
    }

    static (long, string, string) KeyOf(NewExecutions request) => (request.ExecutorId, request.Rpc, request.RequestId);

    static NpgsqlCommand Command(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, List<NewExecutions> requests)
        => new(sql, connection, transaction)
        {
            Parameters =
            {
                new("identities", NpgsqlDbType.Bigint | NpgsqlDbType.Array) { Value = requests.Select(each => each.ExecutorId).ToArray() },
                new("rpcs", NpgsqlDbType.Text | NpgsqlDbType.Array) { Value = requests.Select(each => each.Rpc).ToArray() },
                new("request_ids", NpgsqlDbType.Text | NpgsqlDbType.Array) { Value = requests.Select(each => each.RequestId).ToArray() },
            },
        };
}
