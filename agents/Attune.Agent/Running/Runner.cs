using System.Diagnostics.CodeAnalysis;
using Attune.Agent.Packs;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>Runs one work item to its end. See the README beside it.</summary>
public sealed partial class Runner(
    ProcessLoop processes, ReleaseCache releases, Environments environments, AgentPaths paths, TimeProvider clock, ILogger<Runner> logger)
{
    static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    readonly RunFolders folders = new(paths);
    /// <summary>Where a process reaches the control plane: ATTUNE_API_URL. Null: the variable is not set.</summary>
    public string? ApiUrl { get; init; }

    internal EntryPoints EntryPoints { get; } = new(releases, environments, logger);

    public void UseRuntimes(IReadOnlyList<FoundRuntime> runtimes) => EntryPoints.UseRuntimes(runtimes);

    /// <summary>Entry points that need no process: `builtin:noop`, `builtin:echo`. False: use <see cref="RunAsync"/>.</summary>
    public bool TryRunBuiltin(ActionSpec spec, WorkItem item, [NotNullWhen(true)] out Finished? finished)
        => Builtins.TryRun(spec, item, clock, out finished);

    /// <summary>Never throws for what an action, a pack or a host can do: that is in the outcome and its error. After an abort the answer is meaningless.</summary>
    /// <exception cref="OperationCanceledException">The agent stops and nothing had begun: the item can be given back.</exception>
    public async Task<Finished> RunAsync(ActionSpec spec, WorkItem item, RunEvents events, RunControl control, CancellationToken stopping)
    {
        if (TryRunBuiltin(spec, item, out var builtin))
        {
            return builtin;
        }

        using var aborting = new CancellationTokenSource();
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborting.Token);
        control.Attach(waiting);
        Run? run = null;
        try
        {
            run = new Run(spec, item, events, control, clock, aborting);
            using var release = await EntryPoints.HoldAsync(spec, waiting.Token);
            var environment = await EntryPoints.EnvironmentAsync(spec, release.Directory, run.WaitForEnvironmentAsync, waiting.Token);
            using var folder = folders.Take(item.ExecutionId, item.Attempt);
            var start = Prepare(spec, item, folder, release.Directory, environment);
            await using var stop = stopping.UnsafeRegister(
                static state => ((RunControl)state!).StopForAgent(StopGrace), control);
            return await run.ExecuteAsync(processes, start, folder, stopping);
        }
        catch (OperationCanceledException) when (control.IsCancelled || control.IsAborted)
        {
            return NotBegun(item, run, Outcome.Cancelled, "CANCELLED", control.Reason is { } reason ? $"Cancelled before it began: {reason}" : "Cancelled before it began.");
        }
        catch (RefusedException refused)
        {
            return NotBegun(item, run, Outcome.Failed, refused.Reason, refused.Message);
        }
        catch (EnvironmentFailedException failed)
        {
            return NotBegun(item, run, Outcome.Failed, "ENVIRONMENT_FAILED", $"The environment of {spec.PackRef} for {spec.RuntimeRef} could not be built here. {failed.Message}");
        }
        catch (Exception surprise) when (surprise is not OperationCanceledException)
        {
            RunBroke(logger, surprise, item.ExecutionId, item.Attempt);
            return NotBegun(item, run, Outcome.Failed, "AGENT_ERROR", $"The agent could not run it: {surprise.Message}");
        }
        finally
        {
            control.Detach();
        }
    }

    ProcessStart Prepare(ActionSpec spec, WorkItem item, RunFolder folder, string packDirectory, string? environmentDirectory)
    {
        var (file, arguments) = EntryPoints.Resolve(spec, packDirectory, environmentDirectory);
        var document = ParameterDocument.Write(item.Parameters.Memory, spec.ParameterFormat);
        var isFile = spec.ParameterDelivery == ParameterDelivery.File;
        if (isFile)
        {
            folder.WriteParameters(document);
        }

        return new ProcessStart
        {
            File = file,
            Arguments = arguments,
            Environment = RunEnvironment.ForRun(spec, item, folder, packDirectory, environmentDirectory, ApiUrl),
            Directory = folder.Work,
            Owner = paths.Owner,
            Input = isFile ? default : document,
            Timeout = item.TimeoutMilliseconds > 0 ? TimeSpan.FromMilliseconds(item.TimeoutMilliseconds) : null,
        };
    }

    Finished NotBegun(WorkItem item, Run? run, Outcome outcome, string reason, string message) => new()
    {
        ExecutionId = item.ExecutionId,
        Attempt = item.Attempt,
        Outcome = outcome,
        StartedAt = run?.StartedAt is { } started ? Timestamp.FromDateTimeOffset(started) : null,
        FinishedAt = Timestamp.FromDateTimeOffset(clock.GetUtcNow()),
        Error = new ExecutionError { Reason = reason, Message = run?.Clean(message) ?? message },
        LastLogSequence = run?.LastSequence ?? 0,
    };

    [LoggerMessage(LogLevel.Error, "Execution {ExecutionId}, attempt {Attempt}: the agent itself failed; it is reported as AGENT_ERROR")]
    static partial void RunBroke(ILogger logger, Exception failure, long executionId, int attempt);
}

/// <summary>Nothing began, for a reason that ExecutionError documents.</summary>
sealed class RefusedException(string reason, string message) : Exception(message)
{
    public string Reason => reason;
}
