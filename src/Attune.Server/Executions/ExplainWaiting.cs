using Attune.Engine.Placement;
using Attune.Server.Workers;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>Why executions that no agent has yet wait: one sentence each, for many at once.</summary>
sealed class ExplainWaiting(NpgsqlDataSource db, WorkerStore workers, TimeProvider clock)
{
    const int WorkersMax = 1000;

    const string Find = """
        select q.execution, q.placement, q.run_after, e.attempt, e.max_attempts
        from execution_queue q
        join execution e on e.id = q.execution
        where q.execution = any(@ids)
          and q.worker is null
        """;

    sealed record Queued
    {
        public required long Execution { get; init; }
        public required string Placement { get; init; }
        public required DateTimeOffset RunAfter { get; init; }
        public required int Attempt { get; init; }
        public required int MaxAttempts { get; init; }
    }

    public async Task<IReadOnlyDictionary<long, string>> RunAsync(long[] ids, CancellationToken ct)
    {
        var sentences = new Dictionary<long, string>();
        if (ids.Length == 0)
            return sentences;

        var queued = await FindAsync(ids, ct);
        var candidates = (await workers.ListAsync("", [], "{}", WorkersMax, ct)).Select(row => row.ToCandidate()).ToList();
        var now = clock.GetUtcNow();
        var byPlacement = new Dictionary<string, string>();
        foreach (var each in queued)
        {
            if (each.RunAfter > now)
            {
                sentences[each.Execution] = RetryDelay(each.Attempt, each.MaxAttempts, each.RunAfter - now) + ".";
                continue;
            }

            if (!byPlacement.TryGetValue(each.Placement, out var sentence))
                byPlacement[each.Placement] = sentence = Placing.Explain(PlacementRequirement.Parse(each.Placement), candidates).Summary;
            sentences[each.Execution] = sentence;
        }

        return sentences;
    }

    /// <summary>Without a full stop.</summary>
    public static string RetryDelay(int attempt, int attemptsMax, TimeSpan left)
        => $"Waits for attempt {attempt + 1} of {attemptsMax}, which may begin in {Math.Ceiling(left.TotalSeconds)} s";

    async Task<List<Queued>> FindAsync(long[] ids, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Queued>(new CommandDefinition(Find, new { ids }, cancellationToken: ct))).AsList();
    }
}
