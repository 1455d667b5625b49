using Attune.Server.Actions;
using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>What a round came to.</summary>
/// <param name="Taken">Runs that were carried on.</param>
/// <param name="IsFull">There may be more at once.</param>
/// <param name="Left">Something happened to runs that others hold, or that are to be left alone for a while.</param>
/// <param name="NextWakeAt">When the next run wants to be woken.</param>
sealed record ConductRound(int Taken, bool IsFull, bool Left, DateTimeOffset? NextWakeAt);

/// <summary>
/// Carries workflows on: claims those to which something happened, has the conductor decide, and stores states and all that follows from
/// them in one transaction. Work that found a slot leaves right after its commit. A run that the others' transaction fails over is found by
/// halving and fails alone.
/// </summary>
sealed partial class ConductWorkflows(
    NpgsqlDataSource db, LoadRuns load, StepWorkflows step, PrepareSteps prepare, StoreSteps store, PlaceExecutions place,
    ActionCatalog actions, WorkflowCache cache, CancelRequests cancels, ExecutionChanges changes, TimeProvider clock,
    ILogger<ConductWorkflows> logger)
{
    const int TriesMax = 4;

    readonly PostponedRuns postponed = new(clock);

    /// <summary>Takes what happened to any workflows, oldest first, up to a bound.</summary>
    public Task<ConductRound> RunAsync(CancellationToken ct) => RunAsync(new(null, postponed.Ids), 1, ct);

    /// <summary>Takes all that has happened to one workflow, after whoever is at it.</summary>
    public async Task RunOneAsync(long workflowExecution, CancellationToken ct)
    {
        while ((await RunAsync(ClaimScope.Of([workflowExecution]), 1, ct)).IsFull)
        {
            // More happened than one transaction takes.
        }
    }

    async Task<ConductRound> RunAsync(ClaimScope scope, int attempt, CancellationToken ct)
    {
        var claimed = new List<long>();
        try
        {
            return await RunOnceAsync(scope, claimed, ct);
        }
        catch (PostgresException exception) when (attempt < TriesMax && exception.SqlState is "40P01" or "40001")
        {
            // Reports lock an execution first and its place in the queue second, a cancellation the other way round. They went through.
            return await RunAsync(scope, attempt + 1, ct);
        }
        catch (Exception exception) when (claimed.Count > 0 && IsAboutARun(exception))
        {
            // Something that was looked up may be gone since.
            actions.Forget();
            return await SplitAsync(claimed, exception, attempt, ct);
        }
    }

    /// <summary>Not about the database's health, which the next transaction would meet too.</summary>
    static bool IsAboutARun(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState[..2] is "21" or "22" or "23" or "42" or "54" or "P0",
        NpgsqlException or OperationCanceledException or ObjectDisposedException => false,
        _ => true,
    };

    // Nothing was committed. Halves, until the one that the database refuses is alone.
    async Task<ConductRound> SplitAsync(List<long> claimed, Exception exception, int attempt, CancellationToken ct)
    {
        var taken = 0;
        if (claimed.Count > 1)
        {
            LogSplit(exception, claimed.Count);
            foreach (var half in claimed.Chunk((claimed.Count + 1) / 2))
                taken += (await RunAsync(ClaimScope.Of(half), 1, ct)).Taken;
        }
        else if (attempt < TriesMax)
        {
            return await RunAsync(ClaimScope.Of(claimed), attempt + 1, ct);
        }
        else
        {
            await FailAsync(claimed[0], exception, ct);
        }

        return new(taken, IsFull: true, Left: true, null);
    }

    // If not even that can be stored, it is tried again later and holds up nobody.
    async Task FailAsync(long id, Exception mistake, CancellationToken ct)
    {
        try
        {
            await RunOnceAsync(ClaimScope.Of([id]), [], ct, mistake);
        }
        catch (Exception exception) when (IsAboutARun(exception))
        {
            LogPostponed(exception, id);
            postponed.Add(id);
        }
    }

    /// <param name="scope">Which are asked for.</param>
    /// <param name="claimed">Filled with the runs of this transaction before anything can go wrong with them.</param>
    /// <param name="ct">Ends it before its commit.</param>
    /// <param name="mistake">Set: they cannot be carried on, and fail.</param>
    async Task<ConductRound> RunOnceAsync(ClaimScope scope, List<long> claimed, CancellationToken ct, Exception? mistake = null)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var now = clock.GetUtcNow();
        var runs = await ClaimWorkflows.RunAsync(connection, scope, now, ct);
        if (runs.Held.Count == 0)
            return new(0, false, runs.Left, runs.NextWakeAt);

        claimed.AddRange(runs.Held.Select(run => run.Id));
        var steps = mistake is null
            ? await DecideAsync(connection, runs.Held, now, ct)
            : [.. runs.Held.Select(run => new TakenStep(run, null!, [], mistake))];
        var rows = await prepare.RunAsync(steps, ct);
        rows.Taken.AddRange(runs.Held.SelectMany(run => run.Happened, (_, row) => row.Id));
        if (steps.Count == 0 && rows.Taken.Count == 0)
            return new(0, false, runs.Left, runs.NextWakeAt);
        await StoreAsync(connection, transaction, rows, now, ct);
        var wakeAt = rows.States.Min(row => row.WakeAt) is { } mine && !(mine > runs.NextWakeAt) ? mine : runs.NextWakeAt;
        return new(steps.Count, runs.IsFull, runs.Left || !postponed.IsEmpty, wakeAt);
    }

    async Task<IReadOnlyList<TakenStep>> DecideAsync(
        NpgsqlConnection connection, IReadOnlyList<HeldRun> held, DateTimeOffset now, CancellationToken ct)
    {
        var unknown = new List<HeldRun>();
        foreach (var run in held)
        {
            if (cache.TryGet(run.Id, run.Step, out var known))
                run.Before = known;
            else
                unknown.Add(run);
        }

        if (unknown.Count == 0)
            return await step.RunAsync(connection, held, now, ct);

        var broken = new List<TakenStep>();
        var loaded = await load.RunAsync(connection, unknown.ConvertAll(run => (run.Id, run.GraphDigest)), ct);
        foreach (var run in unknown)
        {
            if (loaded.GetValueOrDefault(run.Id) is { Run: { } before })
                run.Before = before;
            else
                broken.Add(new(run, null!, [], loaded.GetValueOrDefault(run.Id).Mistake ?? new InvalidDataException("Its execution is gone.")));
        }

        var steps = await step.RunAsync(connection, [.. held.Where(run => run.Before is not null)], now, ct);
        return [.. steps, .. broken];
    }

    async Task StoreAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, StepRows rows, DateTimeOffset now, CancellationToken ct)
    {
        var items = rows.Tasks.Select(row => row.Item).ToArray();
        var reserved = place.Reserve(items);
        StoredSteps stored;
        try
        {
            stored = await store.RunAsync(connection, rows, items, reserved, now, ct);

            // Not to be interrupted: nobody would know whether it happened.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch
        {
            PlaceExecutions.Release(reserved);
            throw;
        }

        foreach (var run in rows.After)
            cache.Put(run);
        place.Deliver(items, stored.TaskIds, reserved);
        changes.Status.Publish(stored.Changed);
        if (stored.AgentsAreAsked)
            cancels.Wake();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The steps of {Count} workflows could not be stored together; they are stored in halves")]
    partial void LogSplit(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Workflow {Id} can neither be carried on nor failed; it is tried again later")]
    partial void LogPostponed(Exception exception, long id);
}
