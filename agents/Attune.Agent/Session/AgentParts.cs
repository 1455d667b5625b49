using Attune.Agent.Joining;
using Attune.Agent.Sensors;
using Attune.Agent.Status;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>How items and sensors are run and runtimes are found: the part of an agent that touches the host.</summary>
sealed record HostWork(RunItem Run, TryRunBuiltin RunBuiltin, DetectRuntimes Detect, SensorHost Sensors);

/// <summary>The parts of a joined agent, wired.</summary>
sealed class AgentParts : IDisposable
{
    /// <summary>Hello would come too late if it waited for a slow probe; what is found later is said later.</summary>
    static readonly TimeSpan ProbePatience = TimeSpan.FromMilliseconds(250);

    readonly Shutdown shutdown;
    readonly StatusSocket socket;
    readonly TimeProvider clock;

    public AgentParts(AgentFacts facts, ControlPlane controlPlane, Renewal renewal, Reports reports, HostWork host, TimeProvider clock, ILoggerFactory loggers)
    {
        this.clock = clock;
        Work = new(host.Run, host.RunBuiltin, reports, facts.Settings.Slots, loggers.CreateLogger<Work>());
        Sensors = new(facts.Settings.Role, host.Sensors, loggers.CreateLogger<Assignments>());
        Drains = new(Work, Sensors, reports, clock, loggers.CreateLogger<Drains>());
        Runtimes = new(facts, reports, host.Detect, loggers.CreateLogger<Runtimes>());
        var connector = new Connector(controlPlane, renewal);
        Sessions = new(
            () => new(connector, facts, new(Work, Sensors, reports, renewal, Runtimes, Drains), new(Work, reports, renewal, clock), reports),
            Drains,
            renewal,
            clock,
            loggers.CreateLogger<SessionLoop>());
        shutdown = new(Work, Sensors, reports, Drains, Sessions, loggers.CreateLogger<Shutdown>());
        socket = new(facts.Settings.StateDirectory, clock, loggers.CreateLogger<StatusSocket>());
        Status = new(facts, Work, Sensors, reports, Sessions, renewal);
    }

    public Work Work { get; }

    public Assignments Sensors { get; }

    public Drains Drains { get; }

    public Runtimes Runtimes { get; }

    public SessionLoop Sessions { get; }

    public StatusOfAgent Status { get; }

    /// <summary>Works until a signal has stopped it in order. Throws <see cref="HopelessException"/>.</summary>
    public async Task RunAsync(IReadOnlyList<RuntimeProbe> firstProbes, TimeSpan stopGrace, StopSignals signals)
    {
        using var ending = new CancellationTokenSource();
        var probing = Runtimes.RunAsync(ending.Token);
        var answering = socket.RunAsync(Status, ending.Token);
        Runtimes.Probe(firstProbes);
        await Runtimes.First.WaitAsync(ProbePatience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        try
        {
            await shutdown.RunAsync(stopGrace, signals, clock);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(probing, answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        Drains.Dispose();
        Work.Dispose();
    }
}
