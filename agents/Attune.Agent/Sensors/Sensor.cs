using Attune.Agent.Packs;
using Attune.Agent.Running;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>One sensor for as long as it is assigned: a process, and after its end another one. One loop; the session tells it what is wanted.</summary>
sealed partial class Sensor(SensorAssignment first, RunFolders folders, SensorHost host) : IDisposable
{
    readonly Lock gate = new();
    readonly ILogger logger = host.Logger;
    readonly LogLines log = host.Outbox.LogOf(first.SensorRef);
    SensorAssignment? wanted = first;
    SensorProcess? live;

    // Of the present generation. Cancelled aside: what waits for it must not run under the gate.
    CancellationTokenSource changing = new();
    volatile SensorStanding standing = new(first.SensorRef, first.Generation);

    public SensorStanding Standing => standing;

    /// <summary>Completes when it is not wanted any more and nothing of it is left.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public bool HasEnded { get; private set; }

    /// <summary>Only after it has ended.</summary>
    public void Dispose() => changing.Dispose();

    public void Begin() => Ended = RunAsync();

    /// <summary>False: it has ended, so another one must begin.</summary>
    public bool TryAssign(SensorAssignment next)
    {
        lock (gate)
        {
            if (HasEnded)
                return false;

            var isAnew = wanted is null || wanted.Generation != next.Generation;
            wanted = next;
            if (isAnew)
                _ = changing.CancelAsync();
            else
                live?.Tell(next);
            return true;
        }
    }

    public void Unassign()
    {
        lock (gate)
        {
            if (HasEnded)
                return;

            wanted = null;
            _ = changing.CancelAsync();
        }
    }

    /// <summary>At once, for an agent that cannot wait.</summary>
    public void Kill()
    {
        Unassign();
        lock (gate)
            live?.Abandon();
    }

    async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (TakeUp(out var stopping) is { } generation)
        {
            standing = new(generation.SensorRef, generation.Generation);
            await RunGenerationAsync(stopping);
            Change(standing with { State = SensorProcessState.Stopped, NextStartAt = null });
            LogStopped(standing.SensorRef, standing.Generation);
        }
    }

    SensorAssignment? TakeUp(out CancellationToken stopping)
    {
        lock (gate)
        {
            changing.Dispose();
            changing = new();
            stopping = changing.Token;
            HasEnded = wanted is null;
            return wanted;
        }
    }

    async Task RunGenerationAsync(CancellationToken stopping)
    {
        while (true)
        {
            Change(standing with { State = SensorProcessState.Starting, NextStartAt = null });
            var error = await RunOnceAsync(stopping);
            if (stopping.IsCancellationRequested)
            {
                Change(standing with { ProcessId = 0, StartedAt = null });
                return;
            }

            var failures = standing.FailuresInRow + 1;
            var delay = RestartDelay.After(failures);
            Change(standing with
            {
                State = SensorProcessState.BackingOff,
                ProcessId = 0,
                StartedAt = null,
                FailuresInRow = failures,
                LastError = error,
                NextStartAt = host.Clock.GetUtcNow() + delay,
            });
            LogFailed(standing.SensorRef, error, failures, delay.TotalSeconds);
            await Task.Delay(delay, host.Clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
                return;
        }
    }

    /// <returns>How it ended, masked. Of no meaning when it was asked to stop.</returns>
    async Task<string> RunOnceAsync(CancellationToken stopping)
    {
        var assignment = Wanted(stopping);
        if (assignment is null)
            return "";

        var masker = new Masker([]);
        string error;
        try
        {
            masker = new(SecretForms.Values(assignment.Config.Memory, assignment.SecretConfig));
            error = await ExecuteAsync(assignment, new(assignment.SensorRef, masker, host.Events, log, host.Clock), stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return "";
        }
        catch (RefusedException refused)
        {
            error = $"{refused.Reason}: {refused.Message}";
        }
        catch (EnvironmentFailedException failed)
        {
            error = $"ENVIRONMENT_FAILED: The environment of {assignment.PackRef} for {assignment.RuntimeRef} could not be built here. {failed.Message}";
        }
        catch (Exception surprise)
        {
            LogBroke(surprise, assignment.SensorRef);
            error = $"AGENT_ERROR: {surprise.Message}";
        }

        error = SensorEnd.Fit(masker.Apply(error));
        if (!stopping.IsCancellationRequested)
            log.Add($"[{error}]");
        return error;
    }

    async Task<string> ExecuteAsync(SensorAssignment assignment, SensorOutput output, CancellationToken stopping)
    {
        var program = new ActionSpec
        {
            ActionRef = assignment.SensorRef,
            PackRef = assignment.PackRef,
            ReleaseDigest = assignment.ReleaseDigest,
            EntryPoint = assignment.EntryPoint,
            RuntimeRef = assignment.RuntimeRef,
            Runtime = assignment.Runtime,
        };
        using var release = await host.EntryPoints.HoldAsync(program, stopping);
        var environment = await host.EntryPoints.EnvironmentAsync(program, release.Directory, SayBuilding, stopping);
        var (file, arguments) = host.EntryPoints.Resolve(program, release.Directory, environment);

        // No execution has this number: the note is only for the agent that may have to clear up after this one.
        using var folder = folders.Take(0, 0);
        using var process = Start(output, new()
        {
            File = file,
            Arguments = arguments,
            Environment = RunEnvironment.ForSensor(assignment, folder, release.Directory, environment, host.ApiUrl),
            Directory = folder.Work,
            Owner = host.Paths.Owner,
            KeepsInput = true,
        }, stopping);
        try
        {
            folder.Begun(process.Id);
            return await AttendAsync(process, output, stopping);
        }
        finally
        {
            lock (gate)
                live = null;
            if (!process.Pumping.IsCompletedSuccessfully)
                process.Abandon();
            await process.Pumping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            folder.Ended(await process.End);
        }

        ValueTask SayBuilding()
        {
            output.Say($"Waiting for the environment of {assignment.PackRef} for {assignment.RuntimeRef} to be built");
            return ValueTask.CompletedTask;
        }
    }

    // Under the gate, so that a change of the rules is either in the start line or told afterwards.
    SensorProcess Start(SensorOutput output, ProcessStart start, CancellationToken stopping)
    {
        lock (gate)
        {
            stopping.ThrowIfCancellationRequested();
            return SensorProcess.TryStart(host.Processes, start, wanted!, output, out var started, out var error)
                ? live = started
                : throw new RefusedException("START_FAILED", error);
        }
    }

    async Task<string> AttendAsync(SensorProcess process, SensorOutput output, CancellationToken stopping)
    {
        var beganAt = host.Clock.GetTimestamp();
        Change(standing with { State = SensorProcessState.Running, ProcessId = process.Id, StartedAt = host.Clock.GetUtcNow() });
        LogStarted(standing.SensorRef, standing.Generation, process.Id);

        using (host.Clock.CreateTimer(_ => Settle(), null, RestartDelay.Steady, Timeout.InfiniteTimeSpan))
        {
            await process.Pumping.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.Pumping.IsCompleted)
                await process.StopAsync(host.Clock);
            await process.Pumping;
        }

        if (host.Clock.GetElapsedTime(beganAt) >= RestartDelay.Steady)
            Settle();
        return SensorEnd.Describe(await process.End, output.LastErrorLine);
    }

    // It has lived long enough: an end from now on is the first of a row.
    void Settle()
    {
        lock (gate)
        {
            if (standing is { FailuresInRow: > 0, State: SensorProcessState.Running })
                Change(standing with { FailuresInRow = 0 });
        }
    }

    SensorAssignment? Wanted(CancellationToken stopping)
    {
        lock (gate)
            return stopping.IsCancellationRequested ? null : wanted;
    }

    void Change(SensorStanding next)
    {
        lock (gate)
        {
            standing = next;
            host.Outbox.Say(next.ToReport(host.Clock.GetUtcNow()));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sensor {SensorRef}, generation {Generation}, runs as process {Process}")]
    partial void LogStarted(string sensorRef, long generation, int process);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sensor {SensorRef}, generation {Generation}, is stopped")]
    partial void LogStopped(string sensorRef, long generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sensor {SensorRef} does not run ({Error}), failure {Failures} in a row; it is started again in {DelaySeconds} s")]
    partial void LogFailed(string sensorRef, string error, int failures, double delaySeconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "The agent itself failed to run sensor {SensorRef}; it is started again")]
    partial void LogBroke(Exception failure, string sensorRef);
}
