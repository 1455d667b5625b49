using Attune.Server.Actions;
using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Attune.Server.Keys;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>What a round came to.</summary>
/// <param name="Taken">Runs to which something had happened, and that nobody held. More may have happened to them since.</param>
/// <param name="IsFull">There may be more at once.</param>
/// <param name="Left">Something happened to runs that others hold.</param>
/// <param name="NextWakeAt">When the next run wants to be woken, or is no longer to be left alone.</param>
sealed record ConductRound(int Taken, bool IsFull, bool Left, DateTimeOffset? NextWakeAt);

/// <summary>
/// Carries workflows on: claims those to which something happened, has the conductor decide, and stores states and all that follows from
/// them in one transaction. Work that found a slot leaves right after its commit. A run that the others' transaction fails over is found by
/// halving and fails alone.
/// </summary>
sealed partial class ConductWorkflows(
    NpgsqlDataSource db, LoadRuns load, StepWorkflows step, PrepareSteps prepare, StoreSteps store, PlaceExecutions place,
    ActionCatalog actions, WorkflowCache cache, WorkflowSignals signals, CancelRequests cancels, ExecutionChanges changes, TimeProvider clock,
    ILogger<ConductWorkflows> logger)
{
    const int TriesMax = 4;

    readonly PostponedRuns postponed = new(clock);

    /// <summary>Takes what happened to any workflows, oldest first, up to a bound.</summary>
    public async Task<ConductRound> RunAsync(CancellationToken ct)
    {
        var round = await RunAsync(new(null, postponed.Ids), 1, ct);
        return round with { NextWakeAt = Earlier(round.NextWakeAt, postponed.NextAt) };
    }

    /// <summary>Takes all that has happened to one workflow, after whoever is at it.</summary>
    public async Task RunOneAsync(long workflowExecution, CancellationToken ct)
    {
        try
        {
            while ((await RunAsync(ClaimScope.Of([workflowExecution]), 1, ct)).IsFull)
            {
                // More happened than one transaction takes.
            }
        }
        finally
        {
            // Who was told of more while it was held here passed over it.
            signals.Wake();
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
        else if (exception is SecretBoxException)
        {
            Postpone(claimed[0], exception);
        }
        else if (attempt < TriesMax)
        {
            return await RunAsync(ClaimScope.Of(claimed), attempt + 1, ct);
        }
        else
        {
            taken = await FailAsync(claimed[0], exception, ct);
        }

        return new(taken, IsFull: claimed.Count > 1, Left: true, null);
    }

    // If not even that can be stored, it is tried again later and holds up nobody.
    async Task<int> FailAsync(long id, Exception mistake, CancellationToken ct)
    {
        try
        {
            return (await RunOnceAsync(ClaimScope.Of([id]), [], ct, mistake)).Taken;
        }
        catch (Exception exception) when (IsAboutARun(exception))
        {
            Postpone(id, exception);
            return 0;
        }
    }

    void Postpone(long id, Exception exception)
    {
        postponed.Add(id);
        if (exception is SecretBoxException)
            LogSealed(exception, id);
        else
            LogPostponed(exception, id);
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
        var decided = mistake is null
            ? await DecideAsync(connection, [.. runs.Held.Where(run => !run.IsBroken)], now, ct)
            : [.. runs.Held.Select(run => new TakenStep(run, null!, [], mistake))];

        // That a key is not here says nothing of the run: another replica may have it, or this one when its file is set right.
        var isSealed = decided.Where(step => step.Mistake is SecretBoxException).ToDictionary(step => step.Held.Id, step => step.Mistake!);
        foreach (var (id, exception) in isSealed)
            Postpone(id, exception);
        var steps = decided.Where(step => !isSealed.ContainsKey(step.Held.Id)).ToList();
        var happened = runs.Held.Where(run => !isSealed.ContainsKey(run.Id)).SelectMany(run => run.Happened, (run, row) => (Run: run.Id, row.Id)).ToList();
        if (steps.Count == 0 && happened.Count == 0)
            return new(0, runs.IsFull, runs.Left, runs.NextWakeAt);

        var rows = await prepare.RunAsync(connection, steps, ct);
        rows.Taken.AddRange(happened.Select(each => each.Id));
        await StoreAsync(connection, transaction, rows, now, ct);
        var taken = steps.Select(step => step.Held.Id).Concat(happened.Select(each => each.Run)).Distinct().Count();
        return new(taken, runs.IsFull, runs.Left, Earlier(rows.States.Min(row => row.WakeAt), runs.NextWakeAt));
    }

    static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

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

        foreach (var (values, keep, bytes) in rows.Kept)
            values.Add(keep.Key, keep.Value, bytes);
        foreach (var run in rows.After)
            cache.Put(run);
        place.Deliver(items, stored.TaskIds, reserved);
        changes.Status.Publish(stored.Changed);
        if (stored.AgentsAreAsked)
            cancels.Wake();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The steps of {Count} workflows could not be stored together; they are stored in halves")]
    partial void LogSplit(Exception exception, int count);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Secrets of workflow {Id} cannot be opened with the master keys of this server; it is left to others, and tried again later")]
    partial void LogSealed(Exception exception, long id);

    [LoggerMessage(Level = LogLevel.Error, Message = "Workflow {Id} can neither be carried on nor failed; it is tried again later")]
    partial void LogPostponed(Exception exception, long id);
}
