using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Packs;
using Attune.Agent.Running;
using Attune.Agent.Sensors;
using Attune.Agent.Session.Spool;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>An agent from its start to its stop.</summary>
sealed partial class AgentProcess(AgentSettings settings, ILoggerFactory loggers, TimeProvider clock)
{
    readonly ILogger<AgentProcess> logger = loggers.CreateLogger<AgentProcess>();

    /// <summary>Ends after an orderly stop. Throws <see cref="HopelessException"/>.</summary>
    public async Task RunAsync(StopSignals signals)
    {
        var paths = new AgentPaths(settings.StateDirectory);
        using var stateLock = StateLock.Take(paths);
        LogStarting(AgentFacts.AgentVersion, settings.Name, settings.Server, settings.StateDirectory);

        var store = new IdentityStore(settings.StateDirectory);
        var controlPlane = new ControlPlane(settings, clock);
        var identity = await JoinAsync(controlPlane, store, signals);
        if (identity is null)
            return;

        // Before the spool says that runs are lost: nothing of them may be left.
        var withFolder = RunFolders.Noted(paths).Select(each => new RunKey(each.ExecutionId, each.Attempt)).ToHashSet();
        await Leftovers.KillAsync(paths, clock, loggers.CreateLogger(nameof(Leftovers)), signals.Quick);
        await using var events = OpenEvents(paths);
        var outbox = new SensorOutbox(events, clock, loggers.CreateLogger<SensorOutbox>());
        using var reports = OpenReports(paths, withFolder, outbox);
        var renewal = new Renewal(identity, store, clock, loggers.CreateLogger<Renewal>());
        var facts = new AgentFacts(settings, store.LoadLabels());

        await using var processes = new ProcessLoop(clock, loggers.CreateLogger<ProcessLoop>());
        var runner = CreateRunner(paths, processes, new(controlPlane, renewal), facts, reports);
        var detector = new RuntimeDetector(processes);
        var host = new HostWork(
            runner.RunAsync,
            runner.TryRunBuiltin,
            async (probes, ct) =>
            {
                var found = await detector.DetectAsync(probes, ct);
                runner.UseRuntimes(found);
                return found;
            },
            new()
            {
                Processes = processes,
                EntryPoints = runner.EntryPoints,
                Paths = paths,
                Events = events,
                Outbox = outbox,
                ApiUrl = runner.ApiUrl,
                Clock = clock,
                Logger = loggers.CreateLogger<Sensor>(),
            });
        using var parts = new AgentParts(facts, controlPlane, renewal, reports, host, clock, loggers);
        await parts.RunAsync(RuntimeDetector.CoreProbes, settings.StopGrace, signals);
        LogStopped();
    }

    async Task<AgentIdentity?> JoinAsync(ControlPlane controlPlane, IdentityStore store, StopSignals signals)
    {
        try
        {
            return await new JoinOrLoad(settings, controlPlane, store, clock, loggers.CreateLogger<JoinOrLoad>()).RunAsync(signals.Orderly);
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or Grpc.Core.RpcException && signals.Orderly.IsCancellationRequested)
        {
            return null;
        }
    }

    EventBuffer OpenEvents(AgentPaths paths)
    {
        try
        {
            return EventBuffer.Open(paths.Events, settings.EventLimitBytes, clock, loggers.CreateLogger<EventBuffer>());
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HopelessException(ExitCode.StateInUse, $"The events in {paths.Events} cannot be used: {failure.Message}");
        }
    }

    Reports OpenReports(AgentPaths paths, IReadOnlySet<RunKey> withFolder, SensorOutbox outbox)
    {
        try
        {
            var reports = new Reports(Spool.Spool.Open(paths.Spool, settings.SpoolLimitBytes), outbox, clock, loggers.CreateLogger<Reports>());
            reports.Recover(withFolder);
            return reports;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HopelessException(ExitCode.StateInUse, $"The spool in {paths.Spool} cannot be used: {failure.Message}");
        }
    }

    Runner CreateRunner(AgentPaths paths, ProcessLoop processes, ReleaseDownload download, AgentFacts facts, Reports reports) => new(
        processes,
        new(paths, download.RunAsync, loggers.CreateLogger<ReleaseCache>()),
        new(
            processes,
            paths,
            (report, _) =>
            {
                facts.Keep(report);
                reports.Say(message => message.Environments.Add(report));
                return ValueTask.CompletedTask;
            },
            clock,
            loggers.CreateLogger<Environments>()),
        paths,
        clock,
        loggers.CreateLogger<Runner>())
    {
        ApiUrl = settings.Server.ToString().TrimEnd('/'),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "attune-agent {Version} starts as {Name} for {Server}, state in {StateDirectory}")]
    partial void LogStarting(string version, string name, Uri server, string stateDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped")]
    partial void LogStopped();
}
