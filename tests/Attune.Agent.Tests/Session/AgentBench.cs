using System.Collections.Concurrent;
using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Packs;
using Attune.Agent.Running;
using Attune.Agent.Sensors;
using Attune.Agent.Session;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Session;

/// <summary>A real agent against a fake control plane. Only its jobs are the test's: each is played by hand through <see cref="Job"/>. Its sensors are real.</summary>
sealed class AgentBench : IAsyncDisposable
{
    readonly ConcurrentDictionary<long, Job> jobs = new();
    AgentIdentity? identity;
    StopSignals signals = new();

    public required FakeControlPlane Plane { get; init; }

    public string State { get; } = Directory.CreateTempSubdirectory("attune-agent-").FullName;

    public int Slots { get; init; } = 8;

    public WorkerRole Role { get; init; } = WorkerRole.Action;

    public long EventLimit { get; init; } = 256 << 20;

    /// <summary>Of sensors only.</summary>
    public TimeProvider SensorClock { get; init; } = TimeProvider.System;

    public EventBuffer Events { get; private set; } = null!;

    public ProcessLoop Processes { get; private set; } = null!;

    public long SpoolLimit { get; init; } = 256 << 20;

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);

    public AgentParts Parts { get; private set; } = null!;

    public Reports Reports { get; private set; } = null!;

    public Task Running { get; private set; } = Task.CompletedTask;

    public AgentSettings Settings => new()
    {
        Server = Plane.Address,
        Name = "agent-1",
        StateDirectory = State,
        Slots = Slots,
        Role = Role,
        Labels = new Dictionary<string, string> { ["zone"] = "a" },
        JoinToken = new("atj_secret", null),
    };

    public static async Task<AgentBench> StartAsync(FakeControlPlane plane, int slots = 8, long spoolLimit = 256 << 20, TimeSpan? stopGrace = null)
    {
        var bench = new AgentBench { Plane = plane, Slots = slots, SpoolLimit = spoolLimit, StopGrace = stopGrace ?? TimeSpan.FromSeconds(30) };
        await bench.StartAsync();
        return bench;
    }

    public async Task StartAsync()
    {
        signals = new();
        new AgentPaths(State).Create();
        var store = new IdentityStore(State);
        var controlPlane = new ControlPlane(Settings, TimeProvider.System);
        identity = await new JoinOrLoad(Settings, controlPlane, store, TimeProvider.System, NullLogger<JoinOrLoad>.Instance).RunAsync(Soon.Enough);
        var renewal = new Renewal(identity, store, TimeProvider.System, NullLogger<Renewal>.Instance);
        var paths = new AgentPaths(State);
        await Leftovers.KillAsync(paths, TimeProvider.System, NullLogger.Instance, Soon.Enough);
        Events = EventBuffer.Open(paths.Events, EventLimit, TimeProvider.System, NullLogger<EventBuffer>.Instance);
        var outbox = new SensorOutbox(Events, SensorClock, NullLogger<SensorOutbox>.Instance);
        Reports = new(Spool.Open(paths.Spool, SpoolLimit), outbox, TimeProvider.System, NullLogger<Reports>.Instance);
        Reports.Recover(new HashSet<RunKey>());
        var host = new HostWork(
            RunJob,
            RunBuiltin,
            (probes, _) => Task.FromResult<IReadOnlyList<FoundRuntime>>(
                [.. probes.Select(each => new FoundRuntime { RuntimeRef = each.RuntimeRef, Version = "1.2" })]),
            CreateHost(paths, outbox));
        Parts = new(
            new(Settings, store.LoadLabels()), controlPlane, renewal, Reports, host, TimeProvider.System, NullLoggerFactory.Instance);
        Running = Parts.RunAsync([new() { RuntimeRef = "core.shell" }], StopGrace, signals);
    }

    /// <summary>The job of an item that was given; waits for it.</summary>
    public async Task<Job> JobAsync(long executionId)
    {
        await Soon.UntilAsync(() => jobs.ContainsKey(executionId));
        return jobs[executionId];
    }

    public int JobsBegun => jobs.Count;

    /// <summary>SIGTERM.</summary>
    public void Signal() => signals.Stop();

    /// <summary>SIGTERM, an orderly end, and the next start.</summary>
    public async Task RestartAsync()
    {
        Signal();
        await Running.WaitAsync(Soon.Enough);
        await CloseAsync();
        await StartAsync();
    }

    /// <summary>
    /// What a kill leaves: the files as they are. The dead process's tasks are cut off from the wire and from the spool.
    /// </summary>
    public async Task KillAsync()
    {
        var journal = Path.Combine(State, "spool", "journal");
        var left = await File.ReadAllBytesAsync(journal, Soon.Enough);
        Signal();
        Signal();
        foreach (var job in jobs.Values)
            job.Vanish();
        await Running.WaitAsync(Soon.Enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        jobs.Clear();
        await File.WriteAllBytesAsync(journal, left, Soon.Enough);
    }

    public async ValueTask DisposeAsync()
    {
        Signal();
        Signal();
        foreach (var job in jobs.Values)
            job.Vanish();
        await Running.WaitAsync(Soon.Enough).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync();
        identity?.Dispose();
        Trees.Delete(State);
    }

    async Task CloseAsync()
    {
        Reports.Dispose();
        Parts.Dispose();
        await Processes.DisposeAsync();
        await Events.DisposeAsync();
    }

    SensorHost CreateHost(AgentPaths paths, SensorOutbox outbox)
    {
        Processes = new(TimeProvider.System, NullLogger<ProcessLoop>.Instance);
        var releases = new ReleaseCache(paths, Download, NullLogger<ReleaseCache>.Instance);
        var environments = new Environments(
            Processes, paths, (_, _) => ValueTask.CompletedTask, TimeProvider.System, NullLogger<Environments>.Instance);
        return new()
        {
            Processes = Processes,
            EntryPoints = new(releases, environments, NullLogger.Instance),
            Paths = paths,
            Events = Events,
            Outbox = outbox,
            ApiUrl = "http://127.0.0.1:7700",
            Clock = SensorClock,
            Logger = NullLogger<Attune.Agent.Sensors.Sensor>.Instance,
        };
    }

    async IAsyncEnumerable<ReadOnlyMemory<byte>> Download(string digest, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Yield();
        if (!Plane.Releases.TryGetValue(digest, out var archive))
            throw new IOException("no such release");
        yield return archive;
    }

    Task<Finished> RunJob(ActionSpec spec, WorkItem item, RunEvents events, RunControl control, CancellationToken stopping)
    {
        var job = new Job(item, events, control);
        jobs[item.ExecutionId] = job;
        return job.End;
    }

    static bool RunBuiltin(ActionSpec spec, WorkItem item, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Finished? finished)
    {
        finished = spec.EntryPoint != "builtin:noop" ? null : new()
        {
            ExecutionId = item.ExecutionId,
            Attempt = item.Attempt,
            Outcome = Outcome.Completed,
        };
        return finished is not null;
    }
}

/// <summary>A process played by hand.</summary>
sealed class Job(WorkItem item, RunEvents events, RunControl control)
{
    readonly TaskCompletionSource<Finished> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long sequence;

    public WorkItem Item => item;

    public RunControl Control => control;

    public Task<Finished> End => end.Task;

    public void Start() => events.Started(TimeProvider.System.GetUtcNow());

    public ValueTask SayAsync(string text) => SayAsync(System.Text.Encoding.UTF8.GetBytes(text));

    public ValueTask SayAsync(byte[] bytes) => events.Log(
        new()
        {
            Attempt = item.Attempt,
            Sequence = ++sequence,
            Stream = LogStream.Stdout,
            Content = ByteString.CopyFrom(bytes),
            Time = TimeProvider.System.GetUtcNow().ToTimestamp(),
        },
        Soon.Enough);

    public void Finish(Outcome outcome = Outcome.Completed, byte[]? result = null) => end.TrySetResult(new()
    {
        ExecutionId = item.ExecutionId,
        Attempt = item.Attempt,
        Outcome = outcome,
        Result = ByteString.CopyFrom(result ?? []),
        LastLogSequence = sequence,
    });

    /// <summary>Gone with its agent.</summary>
    public void Vanish() => end.TrySetCanceled();

    public Task CancelledAsync() => Soon.UntilAsync(() => control.IsCancelled);
}
