using Attune.Agent.Running;
using Attune.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Running;

public sealed class EndingTests : IAsyncLifetime
{
    static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    readonly RunBench bench = RunBench.Create();
    readonly string tag = Guid.NewGuid().ToString("N");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task An_exit_code_other_than_0_fails_the_run_and_keeps_its_output()
    {
        var run = await bench.RunAsync(bench.Action("echo '{\"kept\": true}'; echo first >&2; echo why >&2; exit 7", OutputFormat.Json));
        run.AssertFailed("EXIT_CODE");
        Assert.Equal(7, run.End.Error.ExitCode);
        Assert.Equal("first\nwhy", run.End.Error.StderrTail);
        Assert.Contains("7: why", run.End.Error.Message, StringComparison.Ordinal);
        Assert.Equal("{\"kept\": true}", run.Result);
    }

    [Fact]
    public async Task The_tail_of_stderr_is_bounded_and_begins_with_a_whole_line()
    {
        var run = await bench.RunAsync(bench.Action("for i in $(seq 2000); do echo \"line $i\" >&2; done; exit 1"));
        Assert.InRange(run.End.Error.StderrTail.Length, 3000, 4096);
        Assert.Matches(@"^line \d+\n", run.End.Error.StderrTail);
        Assert.EndsWith("line 2000", run.End.Error.StderrTail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("KILL", "SIGKILL")]
    [InlineData("SEGV", "SIGSEGV")]
    [InlineData("PIPE", "SIGPIPE")]
    [InlineData("TERM", "SIGTERM")]
    public async Task A_signal_fails_the_run_with_its_name(string signal, string name)
    {
        var run = await bench.RunAsync(bench.Action($"kill -{signal} $$; sleep 1000"));
        run.AssertFailed("SIGNAL");
        Assert.Equal(name, run.End.Error.Signal);
        Assert.False(run.End.Error.HasExitCode);
    }

    [Fact]
    public async Task A_run_past_its_time_is_stopped()
    {
        var run = await bench.RunAsync(bench.Action("echo before; sleep 1000"), timeoutMilliseconds: 300, change: Tagged);
        run.AssertFailed("TIMEOUT", Outcome.Timeout);
        Assert.Equal("\"before\"", run.Result);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_cancel_ends_the_whole_group_and_says_that_nothing_is_left()
    {
        var run = bench.Start(bench.Action("sleep 1000 & sleep 1000 & echo ready; wait"), change: Tagged);
        await RunBench.Until(() => run.Out.Contains("ready", StringComparison.Ordinal), "ready");
        run.Control.Cancel("no longer wanted", Long);
        await run.Finished;
        run.AssertFailed("CANCELLED", Outcome.Cancelled);
        Assert.Equal("SIGTERM", run.End.Error.Signal);
        Assert.Equal("Cancelled: no longer wanted. No process is left.", run.End.Error.Message);
        Assert.Contains("no longer wanted", run.System, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_script_that_ignores_the_request_is_killed_after_the_grace()
    {
        var run = bench.Start(bench.Action("trap '' TERM; echo ready; while true; do sleep 0.05; done"), change: Tagged);
        await RunBench.Until(() => run.Out.Contains("ready", StringComparison.Ordinal), "ready");
        run.Control.Cancel("enough", TimeSpan.FromMilliseconds(200));
        await run.Finished;
        run.AssertFailed("CANCELLED", Outcome.Cancelled);
        Assert.Equal("SIGKILL", run.End.Error.Signal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_second_cancel_can_shorten_the_grace()
    {
        var run = bench.Start(bench.Action("trap '' TERM; echo ready; while true; do sleep 0.05; done"), change: Tagged);
        await RunBench.Until(() => run.Out.Contains("ready", StringComparison.Ordinal), "ready");
        run.Control.Cancel("first", Long);
        run.Control.Cancel("second", TimeSpan.Zero);
        await run.Finished;
        Assert.Contains("first", run.End.Error.Message, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_script_may_tidy_up_and_answer_when_it_is_cancelled_and_so_may_its_children()
    {
        const string Script = """
            (trap 'sleep 0.3; echo child tidied; exit 0' TERM; echo ready; while true; do sleep 0.05; done) &
            trap 'echo tidied; exit 0' TERM
            while true; do sleep 0.05; done
            """;
        var run = bench.Start(bench.Action(Script), change: Tagged);
        await RunBench.Until(() => run.Out.Contains("ready", StringComparison.Ordinal), "ready");
        run.Control.Cancel("enough", Long);
        await run.Finished;
        run.AssertFailed("CANCELLED", Outcome.Cancelled);
        Assert.Equal(0, run.End.Error.ExitCode);
        Assert.Contains("child tidied", run.Out, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_cancel_before_the_start_starts_nothing()
    {
        var run = new RunBench.RunningAction(bench.Runner, bench.Action("echo x"), new WorkItem { ExecutionId = 1, Attempt = 1 });
        var control = new RunControl();
        control.Cancel("too early", Long);
        var started = false;
        var end = await bench.Runner.RunAsync(
            bench.Action("echo x"),
            new WorkItem { ExecutionId = 2, Attempt = 1 },
            new RunEvents(_ => started = true, (_, _) => ValueTask.CompletedTask),
            control,
            CancellationToken.None);
        await run.Finished;
        Assert.False(started);
        Assert.Equal((Outcome.Cancelled, "CANCELLED"), (end.Outcome, end.Error.Reason));
        Assert.Null(end.StartedAt);
    }

    [Fact]
    public async Task An_abort_kills_at_once_even_while_nobody_takes_the_log()
    {
        var stuck = new TaskCompletionSource();
        var control = new RunControl();
        var item = new WorkItem { ExecutionId = 1, Attempt = 1 };
        Tagged(item);
        var chunks = 0;
        var run = bench.Runner.RunAsync(
            bench.Action("trap '' TERM; while true; do echo line; done"),
            item,
            new RunEvents(_ => { }, async (_, ct) =>
            {
                Interlocked.Increment(ref chunks);
                await stuck.Task.WaitAsync(ct);
            }),
            control,
            CancellationToken.None);
        await RunBench.Until(() => Volatile.Read(ref chunks) > 0, "a chunk");
        control.Abort();
        control.Abort();
        await run;
        Assert.Equal(1, chunks);
        AssertNothingLeft();
        control.Cancel("after the end", Long);
    }

    [Fact]
    public async Task A_background_process_does_not_hold_the_run_and_is_killed()
    {
        var run = await bench.RunAsync(bench.Action("sleep 1000 & echo done"), change: Tagged);
        run.AssertCompleted();
        Assert.Equal("\"done\"", run.Result);
        Assert.Contains("[1 process was left behind and was killed]", run.System, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_background_process_in_a_group_of_its_own_is_killed_too()
    {
        var run = await bench.RunAsync(bench.Action("set -m; sleep 1000 & sleep 1000 & echo done"), change: Tagged);
        run.AssertCompleted();
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_daemon_that_left_the_session_and_holds_the_pipe_is_killed_with_its_children()
    {
        var run = await bench.RunAsync(bench.Action("setsid bash -c 'sleep 1000 & setsid sleep 1000 & wait' & sleep 0.3; echo done"), change: Tagged);
        run.AssertCompleted();
        Assert.Equal("\"done\"", run.Result);
        Assert.Contains("were left behind", run.System, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public async Task A_daemon_that_also_wiped_its_environment_is_killed_when_it_can_be_of_no_other_run()
    {
        var file = Path.Combine(bench.Paths.Root, "daemon");
        var run = await bench.RunAsync(bench.Action($"setsid env -i /bin/bash -c 'echo $$ > {file}; sleep 1000; true' & until [ -s {file} ]; do sleep 0.02; done; echo done"));
        run.AssertCompleted();
        var daemon = int.Parse(await File.ReadAllTextAsync(file), null);
        Assert.True(Proc.Stat(daemon) is null or { IsZombie: true });
    }

    [Fact]
    public async Task One_that_wiped_its_environment_beside_another_run_holds_up_no_report_and_goes_with_the_other()
    {
        var other = bench.Start(bench.Action("echo ready; sleep 1000"), executionId: 2);
        await RunBench.Until(() => other.Out.Contains("ready", StringComparison.Ordinal), "ready");
        var file = Path.Combine(bench.Paths.Root, "daemon");
        var run = await bench.RunAsync(bench.Action($"setsid env -i /bin/bash -c 'echo $$ > {file}; sleep 1000; true' & until [ -s {file} ]; do sleep 0.02; done; echo done"));
        run.AssertCompleted();
        var daemon = int.Parse(await File.ReadAllTextAsync(file), null);
        Assert.False(other.Finished.IsCompleted);

        other.Control.Cancel("enough", Long);
        await other.Finished;
        Assert.True(Proc.Stat(daemon) is null or { IsZombie: true });
    }

    [Fact]
    public async Task A_run_that_the_agents_own_end_interrupts_is_lost()
    {
        using var stopping = new CancellationTokenSource();
        var item = new WorkItem { ExecutionId = 1, Attempt = 1 };
        Tagged(item);
        var run = bench.Runner.RunAsync(
            bench.Action("sleep 1000"),
            item,
            new RunEvents(_ => stopping.CancelAsync(), (_, _) => ValueTask.CompletedTask),
            new RunControl(),
            stopping.Token);
        var end = await run;
        Assert.Equal((Outcome.Lost, "AGENT_RESTARTED"), (end.Outcome, end.Error.Reason));
        AssertNothingLeft();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.Runner.RunAsync(
            bench.Action("echo never"), new WorkItem { ExecutionId = 2, Attempt = 1 }, new RunEvents(_ => { }, (_, _) => ValueTask.CompletedTask), new RunControl(), stopping.Token));
    }

    [Fact]
    public async Task A_log_that_fails_ends_the_process_and_is_reported_as_the_agents_error()
    {
        var item = new WorkItem { ExecutionId = 1, Attempt = 1 };
        Tagged(item);
        var end = await bench.Runner.RunAsync(
            bench.Action("echo line; sleep 1000"),
            item,
            new RunEvents(_ => { }, (_, _) => throw new IOException("no room")),
            new RunControl(),
            CancellationToken.None);
        Assert.Equal((Outcome.Failed, "AGENT_ERROR"), (end.Outcome, end.Error.Reason));
        AssertNothingLeft();
    }

    [Fact]
    public async Task The_loop_kills_what_runs_before_it_goes()
    {
        var loop = new ProcessLoop(TimeProvider.System, NullLogger<ProcessLoop>.Instance);
        var child = Sleeper(loop, bench.Paths, "trap '' TERM; setsid sleep 1000 & echo ready; while true; do sleep 0.1; done");
        Assert.True(await child.Pending.WaitToReadAsync());
        await loop.DisposeAsync();
        Assert.Equal(EndCause.Killed, (await child.End).Cause);
        AssertNothingLeft();
    }

    [Fact]
    public async Task What_a_dead_agent_left_running_is_killed_by_the_next_one_and_nothing_else_is()
    {
        var other = new AgentPaths(Path.Combine(bench.Paths.Root, "other"));
        other.Create();
        await using var loop = new ProcessLoop(TimeProvider.System, NullLogger<ProcessLoop>.Instance);
        var ours = Sleeper(loop, bench.Paths, "setsid sleep 1000 & env -i sleep 1000 & echo ready; wait");
        var theirs = Sleeper(loop, other, "echo ready; sleep 1000");
        foreach (var child in (ChildProcess[])[ours, theirs])
        {
            Assert.True(await child.Pending.WaitToReadAsync());
        }

        var folder = new RunFolders(bench.Paths).Take(5, 1);
        folder.Begun(ours.Id);
        var killed = await Leftovers.KillAsync(bench.Paths, TimeProvider.System, NullLogger.Instance, CancellationToken.None);

        await ours.End;
        Assert.InRange(killed, 2, 4);
        Assert.Empty(Directory.EnumerateFileSystemEntries(bench.Paths.Runs));
        Assert.False(theirs.End.IsCompleted);
        Assert.Single(RunBench.Alive("TEST_TAG", tag));
        theirs.Kill();
        await theirs.End;
    }

    [Fact]
    public async Task A_note_whose_process_id_belongs_to_another_process_now_kills_nobody()
    {
        await using var loop = new ProcessLoop(TimeProvider.System, NullLogger<ProcessLoop>.Instance);
        var stranger = Sleeper(loop, new AgentPaths(Path.Combine(bench.Paths.Root, "other")), "echo ready; sleep 1000");
        Assert.True(await stranger.Pending.WaitToReadAsync());
        var folder = Directory.CreateDirectory(Path.Combine(bench.Paths.Runs, "9.1"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "process"), $"9 1 {stranger.Id} {Proc.Stat(stranger.Id)!.Value.Start - 1} {Proc.BootId}");
        Assert.Equal(0, await Leftovers.KillAsync(bench.Paths, TimeProvider.System, NullLogger.Instance, CancellationToken.None));
        Assert.False(stranger.End.IsCompleted);
    }

    [Fact]
    public async Task Two_hundred_runs_at_once_end_as_they_should_and_leak_no_file_and_no_process()
    {
        var spec = bench.Action("read -r line; echo $line; sleep 0.2 & exit $((ATTUNE_EXEC_ID % 3))");
        await bench.RunAsync(spec);
        var before = OpenPipes();
        var runs = await Task.WhenAll(Enumerable.Range(1, 200).Select(id => bench.RunAsync(spec, new { id }, executionId: id, change: Tagged)));

        Assert.All(runs, run => Assert.Equal(run.End.ExecutionId % 3, run.End.Error?.ExitCode ?? 0));
        Assert.All(runs, run => Assert.Equal($"\"{{\\\"id\\\":{run.End.ExecutionId}}}\"", run.Result));
        await RunBench.Until(() => bench.Processes.Count == 0, "all processes entered and gone");
        Assert.All(Directory.GetDirectories(bench.Paths.Runs), RunBench.AssertEmptySlot);
        AssertNothingLeft();

        // Others run tests in this process too, so their pipes come and go.
        await RunBench.Until(() => OpenPipes() <= before + 60, "pipes closed");
    }

    [Fact]
    public async Task A_process_sees_only_its_three_files_and_default_signals_and_a_lower_priority()
    {
        var niceness = Math.Min(19, LibC.GetPriority(LibC.PrioProcess, 0) + 5);

        // Its parameters are written after its priority is set.
        var run = await bench.RunAsync(bench.Action("cat > /dev/null; ls /proc/self/fd | sort -n | tr '\\n' ' '; grep -E 'SigBlk|SigIgn' /proc/self/status; nice; ps -o pid=,sid= -p $$"));
        run.AssertCompleted();
        Assert.Matches(@"^""0 1 2 3 ", run.Result);

        // glibc keeps 32 and 33 to itself.
        Assert.Matches(@"SigBlk:\\t0{16}\\nSigIgn:\\t0{7}[01][08]0{7}\\n", run.Result);
        Assert.Contains($@"\n{niceness}\n", run.Result, StringComparison.Ordinal);
        Assert.Matches(@"\\n *(\d+) +\1""$", run.Result);
    }

    static int OpenPipes() => new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count();

    ChildProcess Sleeper(ProcessLoop loop, AgentPaths paths, string script)
    {
        var start = new ProcessStart
        {
            File = "/bin/bash",
            Arguments = ["-c", script],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin", ["TEST_TAG"] = tag },
            Directory = "/",
            Owner = paths.Owner,
        };
        Assert.True(loop.TryStart(start, out var child, out var error), error);
        return child;
    }

    void Tagged(WorkItem item) => item.EnvVars["TEST_TAG"] = tag;

    void AssertNothingLeft() => Assert.Empty(RunBench.Alive("TEST_TAG", tag));
}
