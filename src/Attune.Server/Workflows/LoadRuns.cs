using System.Globalization;
using System.Text;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;
using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Workflows;

/// <summary>Reads runs whole: those that this replica does not remember, in one round trip.</summary>
sealed class LoadRuns(ParameterSecrets secrets, WorkflowGraphs graphs)
{
    const string ReadGraphs = """
        select distinct on (graph_digest) graph_digest, task_graph::text
        from workflow_execution
        where id = any(@ids)
        order by graph_digest
        """;

    const string ReadRuns = """
        select w.id, w.execution, w.step, w.depth, w.graph_digest, w.status::text, w.state::text, w.variables::text,
            e.action_ref, e.config::text, e.timeout_ms, e.retry::text, e.priority, e.worker_labels::text, e.env_vars::text,
            coalesce(e.executor, 0), coalesce(i.login, ''), e.created
        from workflow_execution w
        join execution e on e.id = w.execution
        left join identity i on i.id = e.executor
        where w.id = any(@ids)
        """;

    /// <returns>By id; a run that cannot be read has the reason instead.</returns>
    public async Task<IReadOnlyDictionary<long, (RememberedRun? Run, Exception? Mistake)>> RunAsync(
        NpgsqlConnection connection, IReadOnlyList<(long Id, string GraphDigest)> wanted, CancellationToken ct)
    {
        // What is found now is held on to: others may push it out of the memory meanwhile.
        var known = wanted.Select(each => each.GraphDigest).Distinct().ToDictionary(digest => digest, graphs.Find);
        var unknown = wanted.Where(each => known[each.GraphDigest] is null).DistinctBy(each => each.GraphDigest).ToList();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(ReadGraphs) { Parameters = { Ids(unknown.Select(each => each.Id)) } },
                new NpgsqlBatchCommand(ReadRuns) { Parameters = { Ids(wanted.Select(each => each.Id)) } },
            },
        };
        var runs = new Dictionary<long, (RememberedRun?, Exception?)>(wanted.Count);
        var mistakes = new Dictionary<string, Exception>();
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var digest = reader.GetString(0);
            try
            {
                known[digest] = graphs.Add(digest, reader.GetString(1));
            }
            catch (Exception exception) when (exception is FormatException or JsonException)
            {
                mistakes[digest] = exception;
            }
        }

        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var id = reader.GetInt64(0);
            try
            {
                var digest = reader.GetString(4);
                runs[id] = mistakes.GetValueOrDefault(digest) is { } mistake ? (null, mistake) : (Read(reader, known[digest]!), null);
            }
            catch (Exception exception) when (exception is not NpgsqlException)
            {
                runs[id] = (null, exception);
            }
        }

        return runs;
    }

    RememberedRun Read(NpgsqlDataReader reader, Workflow workflow)
    {
        var state = reader.IsDBNull(6) ? null : Encoding.UTF8.GetBytes(reader.GetString(6));
        var config = reader.IsDBNull(9) ? null : reader.GetString(9);
        var variables = reader.GetString(7);
        var executionId = reader.GetInt64(1);
        var run = new ConductedRun
        {
            Id = reader.GetInt64(0),
            ExecutionId = executionId,
            Depth = reader.GetInt16(3),
            ActionRef = reader.GetString(8),
            Workflow = workflow,
            Parameters = Value.FromJson(secrets.Reveal(config)),
            Execution = Value.Of(new Dictionary<string, Value>(4)
            {
                ["id"] = Value.Of(executionId),
                ["action_ref"] = Value.Of(reader.GetString(8)),
                ["created"] = Value.Of(reader.GetFieldValue<DateTimeOffset>(17).UtcDateTime
                    .ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)),
                ["executor"] = reader.GetString(16) is { Length: > 0 } login ? Value.Of(login) : Value.Null,
            }),
            ExecutorId = reader.GetInt64(15),
            Priority = reader.GetInt16(12),
            WorkerLabels = Map(reader.GetString(13)),
            EnvVars = Map(reader.GetString(14)),
            Timeout = TimeSpan.FromMilliseconds(reader.GetInt64(10)),
            Retry = StoredRetry.Parse(reader.IsDBNull(11) ? null : reader.GetString(11)),
            Bytes = 2L * (config?.Length ?? 0),
        };
        return new(
            run, reader.GetInt64(2), state is null ? WorkflowState.New : WorkflowState.Parse(workflow, state), reader.GetString(5), variables,
            new(), state?.Length ?? 0);
    }

    static Dictionary<string, string> Map(string json)
        => json is "{}" ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    static NpgsqlParameter Ids(IEnumerable<long> ids)
        => new("ids", NpgsqlDbType.Bigint | NpgsqlDbType.Array) { Value = ids.ToArray() };
}
