using System.Collections.Concurrent;
using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Running;
using Attune.Agent.Session;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Session;

/// <summary>A real agent against a fake control plane. Only its jobs are the test's: each is played by hand through <see cref="Job"/>.</summary>
sealed class AgentBench : IAsyncDisposable
{
    readonly ConcurrentDictionary<long, Job> jobs = new();
    AgentIdentity? identity;
    StopSignals signals = new();

    public required FakeControlPlane Plane { get; init; }

    public string State { get; } = Directory.CreateTempSubdirectory("attune-agent-").FullName;

    public int Slots { get; init; } = 8;

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
        Reports = new(Spool.Open(Path.Combine(State, "spool"), SpoolLimit), TimeProvider.System, NullLogger<Reports>.Instance);
        Reports.Recover(new HashSet<RunKey>());
        var host = new HostWork(RunJob, RunBuiltin, (probes, _) => Task.FromResult<IReadOnlyList<FoundRuntime>>(
            [.. probes.Select(each => new FoundRuntime { RuntimeRef = each.RuntimeRef, Version = "1.2" })]));
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
        Reports.Dispose();
        Parts.Dispose();
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
        Reports.Dispose();
        Parts.Dispose();
        identity?.Dispose();
        Directory.Delete(State, recursive: true);
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
