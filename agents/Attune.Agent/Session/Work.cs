using System.Diagnostics.CodeAnalysis;
using Attune.Agent.Running;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>Runs one item to its end. Completes with an outcome also when the run fails.</summary>
delegate Task<Finished> RunItem(ActionSpec spec, WorkItem item, RunEvents events, RunControl control, CancellationToken stopping);

/// <summary>Runs a built-in on the spot. False: the action is not one.</summary>
delegate bool TryRunBuiltin(ActionSpec spec, WorkItem item, [NotNullWhen(true)] out Finished? finished);

/// <summary>The runs of this process. Items come from one stream at a time; everything else may be called from any thread.</summary>
sealed partial class Work(RunItem run, TryRunBuiltin runBuiltin, Reports reports, int slots, ILogger<Work> logger) : IDisposable
{
    readonly Lock gate = new();
    readonly Dictionary<RunKey, ActiveRun> active = [];
    readonly CancellationTokenSource stopping = new();
    TaskCompletionSource? idle;

    /// <summary>Runs whose end is not in the spool yet: a run gives up its slot a moment earlier.</summary>
    int unfinished;
    volatile string? drain;
    volatile bool diskRefuses;

    public int Slots => slots;

    public int SlotsInUse
    {
        get
        {
            lock (gate)
                return active.Count;
        }
    }

    /// <summary>Demand: nothing while draining or while the disk takes nothing.</summary>
    public int Wanted => drain is not null || diskRefuses ? 0 : slots;

    public IReadOnlyList<ActiveRun> Active
    {
        get
        {
            lock (gate)
                return [.. active.Values];
        }
    }

    public bool IsActive(RunKey key)
    {
        lock (gate)
            return active.ContainsKey(key);
    }

    /// <summary>
    /// Takes a message's items. Built-ins run here and now, all with one write to the spool; the others run side by side.
    /// </summary>
    public void Take(IReadOnlyList<WorkItem> items, IReadOnlyDictionary<long, ActionSpec> specs)
    {
        var done = new List<(HeldRun, Finished)>();
        var begun = new List<ActiveRun>();
        var returned = new List<Returned>();
        foreach (var item in items)
        {
            var key = new RunKey(item.ExecutionId, item.Attempt);
            if (reports.IsHeld(key))
                LogTwice(key.ExecutionId, key.Attempt);
            else if (Refuse(item, specs, begun.Count, out var spec) is { } reason)
                returned.Add(new() { ExecutionId = item.ExecutionId, Attempt = item.Attempt, Reason = reason });
            else if (runBuiltin(spec!, item, out var finished))
                done.Add((new(key, spec!.ActionRef), finished));
            else
                begun.Add(new(new(key, spec!.ActionRef), spec, item));
        }

        if (done.Count > 0)
            reports.Finish(done);
        if (begun.Count > 0)
            Start(begun, returned);
        if (returned.Count > 0)
            reports.Return(returned);
    }

    public void Cancel(IReadOnlyList<CancelWork> cancels)
    {
        foreach (var cancel in cancels)
        {
            if (Find(new(cancel.ExecutionId, cancel.Attempt)) is { } found)
                found.Cancel(cancel.Reason, cancel.Grace?.ToTimeSpan() ?? ActiveRun.DefaultGrace);
        }
    }

    public void CancelAll(string reason, TimeSpan grace)
    {
        foreach (var each in Active)
            each.Cancel(reason, grace);
    }

    /// <summary>No longer the agent's: stopped where it runs, and nothing is reported.</summary>
    public void Stop(IEnumerable<RunKey> keys)
    {
        foreach (var key in keys)
        {
            Find(key)?.Control.Abort();
            reports.Forget(key);
        }
    }

    /// <summary>Why nothing new is taken; null while work is welcome.</summary>
    public string? Draining { get => drain; set => drain = value; }

    /// <summary>True when the disk, after trouble, takes work again.</summary>
    public bool ProbeDisk()
    {
        if (!diskRefuses || !reports.ProbeDisk())
            return false;

        diskRefuses = false;
        return true;
    }

    /// <summary>Completes when nothing runs.</summary>
    public Task WhenIdleAsync(CancellationToken ct)
    {
        lock (gate)
        {
            if (unfinished == 0)
                return Task.CompletedTask;

            idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return idle.Task.WaitAsync(ct);
        }
    }

    /// <summary>Kills what still runs. Its end is not reported: the next start says that it is lost.</summary>
    public async Task AbandonAsync(TimeSpan patience, TimeProvider clock)
    {
        if (SlotsInUse == 0)
            return;

        await stopping.CancelAsync();
        foreach (var each in Active)
            each.Control.Abort();
        await WhenIdleAsync(CancellationToken.None).WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => stopping.Dispose();

    string? Refuse(WorkItem item, IReadOnlyDictionary<long, ActionSpec> specs, int beginning, out ActionSpec? spec)
    {
        spec = null;
        if (drain is not null)
            return "DRAINING";
        if (SlotsInUse + beginning >= slots)
            return "SLOTS_FULL";
        return specs.TryGetValue(item.SpecId, out spec) ? null : "UNKNOWN_SPEC";
    }

    void Start(List<ActiveRun> begun, List<Returned> returned)
    {
        lock (gate)
        {
            unfinished += begun.Count;
            foreach (var each in begun)
                active.Add(each.Held.Key, each);
        }

        if (reports.TryAccept([.. begun.Select(each => each.Held)]))
        {
            foreach (var each in begun)
                each.Completion = ExecuteAsync(each);
            return;
        }

        diskRefuses = true;
        reports.Say(message => message.Pull = new() { Slots = 0 });
        foreach (var each in begun)
        {
            Free(each);
            TellEnded();
            returned.Add(new() { ExecutionId = each.Held.Key.ExecutionId, Attempt = each.Held.Key.Attempt, Reason = "SPOOL_UNWRITABLE" });
        }
    }

    async Task ExecuteAsync(ActiveRun each)
    {
        // The stream's read loop must not prepare processes.
        await Task.Yield();
        var held = each.Held;
        Finished? finished;
        try
        {
            var events = new RunEvents(
                startedAt =>
                {
                    reports.Begun(held, startedAt);
                    LogStarted(held.Key.ExecutionId, held.Key.Attempt, held.ActionRef);
                },
                (chunk, ct) => reports.LogAsync(held, chunk, ct));
            finished = await run(each.Spec, each.Item, events, each.Control, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            finished = null;
        }
        catch (Exception failure)
        {
            LogFailed(failure, held.Key.ExecutionId, held.Key.Attempt);
            finished = new()
            {
                ExecutionId = held.Key.ExecutionId,
                Attempt = held.Key.Attempt,
                Outcome = Outcome.Failed,
                StartedAt = held.StartedAt == default ? null : held.StartedAt.ToTimestamp(),
                LastLogSequence = held.LastSequence,
                Error = new() { Reason = "AGENT_ERROR", Message = $"The agent failed to run it ({failure.GetType().Name}); its log says more." },
            };
        }

        // The slot is free before the control plane can know of it, so that its next item is never one too many.
        Free(each);
        if (finished is not null)
        {
            LogEnded(held.Key.ExecutionId, held.Key.Attempt, finished.Outcome);
            reports.Finish(held, finished);
        }

        TellEnded();
    }

    ActiveRun? Find(RunKey key)
    {
        lock (gate)
            return active.GetValueOrDefault(key);
    }

    void Free(ActiveRun each)
    {
        lock (gate)
            active.Remove(each.Held.Key);
    }

    void TellEnded()
    {
        lock (gate)
        {
            if (--unfinished > 0)
                return;

            idle?.SetResult();
            idle = null;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Execution {ExecutionId}, attempt {Attempt} began: {ActionRef}")]
    partial void LogStarted(long executionId, int attempt, string actionRef);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Execution {ExecutionId}, attempt {Attempt} ended: {Outcome}")]
    partial void LogEnded(long executionId, int attempt, Outcome outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {ExecutionId}, attempt {Attempt} failed inside the agent and is reported so")]
    partial void LogFailed(Exception failure, long executionId, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Execution {ExecutionId}, attempt {Attempt} came twice; the first one counts")]
    partial void LogTwice(long executionId, int attempt);
}
