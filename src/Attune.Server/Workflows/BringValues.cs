using System.Text;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;
using Attune.Server.Executions;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Workflows;

/// <summary>A value that a run asks for.</summary>
readonly record struct WantedValue(HeldRun Held, ValueKey Key);

/// <summary>Reads what runs ask for outside their states: all of them in one round trip.</summary>
sealed class BringValues(ParameterSecrets secrets)
{
    const string Results = """
        select id, result::text
        from execution
        where id = any(@ids)
        """;

    const string Kept = """
        select v.workflow_execution, v.kind, v.run, v.item, v.value::text
        from unnest(@workflows, @kinds, @runs, @items) as t (workflow_execution, kind, run, item)
        join workflow_value v using (workflow_execution, kind, run, item)
        """;

    // Of each item its last try.
    const string ItemResults = """
        select distinct on (t.position, (e.workflow_task ->> 'task_index')::int)
            t.position, (e.workflow_task ->> 'task_index')::int, case when e.status = 'completed' then e.result::text end
        from unnest(@parents, @runs) with ordinality as t (parent, run, position)
        join execution e on e.parent = t.parent and (e.workflow_task ->> 'run')::int = t.run
        where e.workflow_task is not null
          and e.workflow_task ->> 'task_index' is not null
        order by t.position, (e.workflow_task ->> 'task_index')::int, (e.workflow_task ->> 'retry_count')::int desc
        """;

    /// <summary>What is not found is null.</summary>
    /// <param name="connection">In its transaction.</param>
    /// <param name="wanted">Each once.</param>
    /// <param name="found">Gets them all; what never changes is also remembered with its run.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RunAsync(
        NpgsqlConnection connection, IReadOnlyList<WantedValue> wanted, Action<WantedValue, Value> found, CancellationToken ct)
    {
        var results = wanted.Where(each => each.Key.Kind is KeptKind.ExecutionResult).ToList();
        var items = wanted.Where(each => each.Key.Kind is KeptKind.ItemResults).ToList();
        var kept = wanted.Where(each => each.Key.Kind is not (KeptKind.ExecutionResult or KeptKind.ItemResults)).ToList();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Results) { Parameters = { Array("ids", NpgsqlDbType.Bigint, results, each => each.Key.Handle) } },
                new NpgsqlBatchCommand(Kept)
                {
                    Parameters =
                    {
                        Array("workflows", NpgsqlDbType.Bigint, kept, each => each.Held.Id),
                        Array("kinds", NpgsqlDbType.Text, kept, each => KindOf(each.Key.Kind)),
                        Array("runs", NpgsqlDbType.Integer, kept, each => each.Key.Run),
                        Array("items", NpgsqlDbType.Integer, kept, each => each.Key.Item),
                    },
                },
                new NpgsqlBatchCommand(ItemResults)
                {
                    Parameters =
                    {
                        Array("parents", NpgsqlDbType.Bigint, items, each => each.Held.ExecutionId),
                        Array("runs", NpgsqlDbType.Integer, items, each => each.Key.Run),
                    },
                },
            },
        };

        await using var reader = await batch.ExecuteReaderAsync(ct);
        await ReadResultsAsync(reader, results, found, ct);
        await reader.NextResultAsync(ct);
        await ReadKeptAsync(reader, kept, found, ct);
        await reader.NextResultAsync(ct);
        await ReadItemsAsync(reader, items, found, ct);
    }

    public static string KindOf(KeptKind kind) => kind switch
    {
        KeptKind.Items => "items",
        KeptKind.EditedResult => "edited_result",
        KeptKind.EditedInput => "edited_input",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    static async Task ReadResultsAsync(
        NpgsqlDataReader reader, List<WantedValue> wanted, Action<WantedValue, Value> found, CancellationToken ct)
    {
        var byId = new Dictionary<long, (Value Value, long Bytes)>();
        while (await reader.ReadAsync(ct))
        {
            var json = await reader.IsDBNullAsync(1, ct) ? "null" : reader.GetString(1);
            byId[reader.GetInt64(0)] = (Parse(json), json.Length * 2L);
        }

        foreach (var each in wanted)
        {
            var (value, bytes) = byId.GetValueOrDefault(each.Key.Handle);
            each.Held.Before.Values.Add(each.Key, value, bytes);
            found(each, value);
        }
    }

    async Task ReadKeptAsync(NpgsqlDataReader reader, List<WantedValue> wanted, Action<WantedValue, Value> found, CancellationToken ct)
    {
        var byPlace = new Dictionary<(long, string, int, int), (Value Value, long Bytes)>();
        while (await reader.ReadAsync(ct))
        {
            var json = reader.GetString(4);
            var value = reader.GetString(1) is "edited_input" ? Value.FromJson(secrets.Reveal(json)) : Parse(json);
            byPlace[(reader.GetInt64(0), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3))] = (value, json.Length * 2L);
        }

        foreach (var each in wanted)
        {
            var (value, bytes) = byPlace.GetValueOrDefault((each.Held.Id, KindOf(each.Key.Kind), each.Key.Run, each.Key.Item));
            each.Held.Before.Values.Add(each.Key, value, bytes);
            found(each, value);
        }
    }

    static async Task ReadItemsAsync(
        NpgsqlDataReader reader, List<WantedValue> wanted, Action<WantedValue, Value> found, CancellationToken ct)
    {
        var lists = wanted.ConvertAll(_ => new List<Value>());
        while (await reader.ReadAsync(ct))
        {
            var (list, index) = (lists[(int)reader.GetInt64(0) - 1], reader.GetInt32(1));
            while (list.Count < index)
                list.Add(Value.Null);
            list.Add(await reader.IsDBNullAsync(2, ct) ? Value.Null : Parse(reader.GetString(2)));
        }

        for (var index = 0; index < wanted.Count; index++)
            found(wanted[index], Value.Of(lists[index]));
    }

    static Value Parse(string json) => Value.FromJson(Encoding.UTF8.GetBytes(json));

    static NpgsqlParameter Array<T>(string name, NpgsqlDbType type, List<WantedValue> rows, Func<WantedValue, T> value)
        => new(name, type | NpgsqlDbType.Array) { Value = rows.Select(value).ToArray() };
}
