using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Attune.Agent.Packs;
using Attune.Agent.Running;
using Attune.Packs.Archives;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Running;

/// <summary>A real runner in a folder of its own, with packs that are served from memory.</summary>
sealed class RunBench : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    readonly ConcurrentDictionary<string, byte[]> archives = new();

    RunBench()
    {
        Paths = new AgentPaths(Directory.CreateTempSubdirectory("attune-run-").FullName);
        Paths.Create();
        Processes = new ProcessLoop(TimeProvider.System, NullLogger<ProcessLoop>.Instance);
        Releases = new ReleaseCache(Paths, Download, NullLogger<ReleaseCache>.Instance);
        Environments = new Environments(
            Processes,
            Paths,
            (report, _) =>
            {
                Reports.Enqueue(report);
                return ValueTask.CompletedTask;
            },
            TimeProvider.System,
            NullLogger<Environments>.Instance);
        Runner = new Runner(Processes, Releases, Environments, Paths, TimeProvider.System, NullLogger<Runner>.Instance) { ApiUrl = "http://127.0.0.1:7700" };
    }

    public static RunBench Create() => new();

    public static RuntimeSpec Bash => new() { InterpreterBinary = "bash" };

    public static RuntimeSpec Python => new()
    {
        InterpreterBinary = "python3",
        InterpreterArgs = { "-u" },
        EnvironmentType = "virtualenv",
        EnvironmentCreate = { "python3", "-m", "venv", "{env_dir}" },
        EnvironmentInterpreter = "{env_dir}/bin/python",
        DependenciesManifest = "requirements.txt",
        DependenciesInstall = { "{env_dir}/bin/python", "-m", "pip", "install", "--disable-pip-version-check", "-r", "{manifest}" },
        EnvVars = { new RuntimeEnvVar { Name = "PYTHONPATH", Value = "{pack_dir}/lib", Operation = "prepend" } },
    };

    public static RuntimeSpec Node => new()
    {
        InterpreterBinary = "node",
        EnvVars = { new RuntimeEnvVar { Name = "NODE_PATH", Value = "{env_dir}/node_modules:{pack_dir}/lib", Operation = "prepend" } },
    };

    public AgentPaths Paths { get; }

    public ProcessLoop Processes { get; }

    public ReleaseCache Releases { get; }

    public Environments Environments { get; }

    public Runner Runner { get; }

    public ConcurrentQueue<EnvironmentReport> Reports { get; } = new();

    public int Downloads { get; private set; }

    public static PackFile File(string path, string content, bool isExecutable = false) => new(path, isExecutable, Encoding.UTF8.GetBytes(content));

    public string Publish(params ReadOnlySpan<PackFile> files)
    {
        var source = Directory.CreateDirectory(Path.Combine(Paths.Root, "source", Guid.NewGuid().ToString("N"))).FullName;
        foreach (var file in files)
        {
            var path = Path.Combine(source, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            global::System.IO.File.WriteAllBytes(path, file.Content.ToArray());
            global::System.IO.File.SetUnixFileMode(path, (UnixFileMode)(file.IsExecutable ? 0b111_000_000 : 0b110_000_000));
        }

        var pack = PackFiles.FromDirectory(source, []);
        var archive = PackArchive.Write(pack);
        var digest = PackArchive.DigestOf(archive);
        archives[digest] = archive;
        return digest;
    }

    public void Serve(string digest, byte[] archive) => archives[digest] = archive;

    public ActionSpec Action(string script, OutputFormat output = OutputFormat.Text, RuntimeSpec? runtime = null, string name = "actions/act")
        => ActionOf(Publish(File(name, script)), output, runtime, name);

    public static ActionSpec ActionOf(string digest, OutputFormat output, RuntimeSpec? runtime, string entryPoint) => new()
    {
        ActionRef = "test.act",
        PackRef = "test",
        PackVersion = "1.0.0",
        ReleaseDigest = digest,
        EntryPoint = entryPoint,
        RuntimeRef = "core.test",
        Runtime = runtime ?? Bash,
        ParameterDelivery = ParameterDelivery.Stdin,
        ParameterFormat = ParameterFormat.Json,
        OutputFormat = output,
    };

    public RunningAction Start(ActionSpec spec, object? parameters = null, long executionId = 1, long timeoutMilliseconds = 600_000, Action<WorkItem>? change = null)
    {
        var item = new WorkItem
        {
            ExecutionId = executionId,
            Attempt = 1,
            Parameters = ByteString.CopyFromUtf8(parameters as string ?? JsonSerializer.Serialize(parameters ?? new { })),
            TimeoutMilliseconds = timeoutMilliseconds,
            Fence = $"fence-{executionId}",
        };
        change?.Invoke(item);
        return new RunningAction(Runner, spec, item);
    }

    public async Task<RunningAction> RunAsync(ActionSpec spec, object? parameters = null, long executionId = 1, long timeoutMilliseconds = 600_000, Action<WorkItem>? change = null)
    {
        var running = Start(spec, parameters, executionId, timeoutMilliseconds, change);
        await running.Finished.WaitAsync(Patience);
        return running;
    }

    public static async Task Until(Func<bool> condition, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, what);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Processes of any kind that carry the marker of this execution, zombies not counted.</summary>
    public static IReadOnlyList<int> Alive(string variable, string value)
        => [.. Proc.Ids().Where(id => Proc.Variable(id, variable) == value && Proc.Stat(id) is { IsZombie: false })];

    public static void AssertEmptySlot(string slot)
    {
        Assert.Equal(["artifacts", "process", "tmp", "work"], Directory.EnumerateFileSystemEntries(slot).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetDirectories(slot).SelectMany(Directory.EnumerateFileSystemEntries));
        Assert.Equal(new string(' ', RunNote.Length), global::System.IO.File.ReadAllText(Path.Combine(slot, "process")));
    }

    public async ValueTask DisposeAsync()
    {
        await Processes.DisposeAsync();
        Trees.Delete(Paths.Root);
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> Download(string digest, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        Downloads++;
        await Task.Yield();
        if (!archives.TryGetValue(digest, out var archive))
        {
            throw new IOException("no such release");
        }

        foreach (var part in archive.Chunk(1000))
        {
            ct.ThrowIfCancellationRequested();
            yield return part;
        }
    }

    public sealed class RunningAction
    {
        readonly ConcurrentQueue<LogChunk> chunks = new();

        public RunningAction(Runner runner, ActionSpec spec, WorkItem item)
        {
            var events = new RunEvents(
                startedAt => StartedAt = startedAt,
                (chunk, ct) =>
                {
                    chunks.Enqueue(chunk);
                    return ValueTask.CompletedTask;
                });
            Finished = runner.RunAsync(spec, item, events, Control, CancellationToken.None);
        }

        public RunControl Control { get; } = new();

        public Task<Finished> Finished { get; }

        public DateTimeOffset? StartedAt { get; private set; }

        public IReadOnlyList<LogChunk> Chunks => [.. chunks];

        public Finished End => Finished.IsCompletedSuccessfully ? Finished.GetAwaiter().GetResult() : throw new InvalidOperationException("still running");

        public string Result => End.Result.ToStringUtf8();

        public string Log(LogStream stream) => Encoding.UTF8.GetString([.. chunks.Where(chunk => chunk.Stream == stream).SelectMany(chunk => chunk.Content)]);

        public string Out => Log(LogStream.Stdout);

        public string System => Log(LogStream.System);

        public void AssertCompleted() => Assert.True(End.Outcome == Outcome.Completed, End.ToString());

        public void AssertFailed(string reason, Outcome outcome = Outcome.Failed)
        {
            Assert.True(End.Outcome == outcome && End.Error.Reason == reason, End.ToString());
        }
    }
}
