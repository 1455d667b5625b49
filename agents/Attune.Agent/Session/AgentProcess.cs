using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Packs;
using Attune.Agent.Running;
using Attune.Agent.Status;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>An agent from its start to its stop.</summary>
sealed partial class AgentProcess(AgentSettings settings, ILoggerFactory loggers, TimeProvider clock)
{
    /// <summary>Hello would come too late if it waited for a slow probe; what is found later is said later.</summary>
    static readonly TimeSpan ProbePatience = TimeSpan.FromMilliseconds(250);

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
        await Leftovers.KillAsync(paths, clock, loggers.CreateLogger(nameof(Leftovers)), signals.Quick);
        using var reports = OpenReports(paths);
        var renewal = new Renewal(identity, store, clock, loggers.CreateLogger<Renewal>());
        var facts = new AgentFacts(settings, store.LoadLabels());

        await using var processes = new ProcessLoop(clock, loggers.CreateLogger<ProcessLoop>());
        var runner = CreateRunner(paths, processes, new(controlPlane, renewal), facts, reports);
        var detector = new RuntimeDetector(processes);
        var runtimes = new Runtimes(
            facts,
            reports,
            async (probes, ct) =>
            {
                var found = await detector.DetectAsync(probes, ct);
                runner.UseRuntimes(found);
                return found;
            },
            loggers.CreateLogger<Runtimes>());
        using var work = new Work(runner.RunAsync, runner.TryRunBuiltin, reports, settings.Slots, loggers.CreateLogger<Work>());
        using var drains = new Drains(work, reports, clock, loggers.CreateLogger<Drains>());
        var connector = new Connector(controlPlane, renewal);
        var sessions = new SessionLoop(
            () => new(connector, facts, new(work, reports, renewal, runtimes, drains), new(work, reports, renewal, clock), reports),
            drains,
            renewal,
            clock,
            loggers.CreateLogger<SessionLoop>());

        using var ending = new CancellationTokenSource();
        var socket = new StatusSocket(settings.StateDirectory, clock, loggers.CreateLogger<StatusSocket>());
        var side = Task.WhenAll(
            runtimes.RunAsync(ending.Token).ContinueWith(_ => { }, TaskScheduler.Default),
            socket.RunAsync(new(facts, work, reports, sessions, renewal), ending.Token));
        runtimes.Probe(RuntimeDetector.CoreProbes);
        await runtimes.First.WaitAsync(ProbePatience, clock).ContinueWith(_ => { }, TaskScheduler.Default);

        try
        {
            await new Shutdown(work, reports, drains, sessions, clock).RunAsync(settings.StopGrace, signals);
        }
        finally
        {
            await ending.CancelAsync();
            await side;
        }

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

    Reports OpenReports(AgentPaths paths)
    {
        try
        {
            var reports = new Reports(Spool.Spool.Open(paths.Spool, settings.SpoolLimitBytes), clock, loggers.CreateLogger<Reports>());
            reports.Recover();
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
        loggers.CreateLogger<Runner>());

    [LoggerMessage(Level = LogLevel.Information, Message = "attune-agent {Version} starts as {Name} for {Server}, state in {StateDirectory}")]
    partial void LogStarting(string version, string name, Uri server, string stateDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped")]
    partial void LogStopped();
}
