using Attune.Agent.Running;
using Attune.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Running;

/// <summary>Alone: the orphans of tests beside it would be this process's too, and a folder that one of them could be using is not used again.</summary>
[Collection(nameof(FolderTests))]
[CollectionDefinition(nameof(FolderTests), DisableParallelization = true)]
public sealed class FolderTests : IAsyncDisposable
{
    const string Look = "ls -A . $TMPDIR $ATTUNE_ARTIFACTS_DIR | grep -v ':$' | tr -d '\\n'; ls -A .. | tr '\\n' ' '; stat -c %a%F . .. $TMPDIR $ATTUNE_ARTIFACTS_DIR | tr '\\n' ' '";
    const string Pristine = "artifacts process tmp work 700directory 700directory 700directory 700directory ";

    readonly RunBench bench = RunBench.Create();

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    string[] Slots => Directory.GetDirectories(bench.Paths.Runs);

    [Theory]
    [InlineData("true")]
    [InlineData("echo secret > file; echo secret > .hidden; mkdir .folder; echo secret > .folder/file")]
    [InlineData("echo secret > $TMPDIR/.hidden; mkdir -p $ATTUNE_ARTIFACTS_DIR/a/b; ln -s / $ATTUNE_ARTIFACTS_DIR/a/root")]
    [InlineData("mkdir shut; echo secret > shut/file; chmod 0 shut; chmod 0 .")]
    [InlineData("chmod 0777 $TMPDIR; chmod 0 $ATTUNE_ARTIFACTS_DIR; echo secret > ../beside; chmod 0 ..")]
    [InlineData("cd ..; rm -rf work; ln -s /etc work; rm -rf tmp; echo secret > tmp; mv artifacts others")]
    [InlineData("cd ..; rm process; mkdir process; echo secret > process/file")]
    [InlineData("cd ..; cp process copy; mv copy process")]
    [InlineData("for i in $(seq 1 500); do echo secret > a_rather_long_name_that_fills_the_folder_$i; done; rm a_*")]
    [InlineData("setfattr -n user.note -v secret . 2> /dev/null; true")]
    [InlineData("rm -rf ../../$(basename $(dirname $PWD))")]
    public async Task A_run_sees_nothing_of_what_an_earlier_one_left(string script)
    {
        (await bench.RunAsync(bench.Action(script))).AssertCompleted();

        var looks = bench.Action(Look + "; getfattr -d . 2> /dev/null; true");
        for (var id = 2; id < 5; id++)
        {
            var next = await bench.RunAsync(looks, executionId: id);
            Assert.Equal($"\"{Pristine}\"", next.Result);
        }

        Assert.All(Slots, RunBench.AssertEmptySlot);
        Assert.Single(Slots);
    }

    [Fact]
    public async Task The_same_folder_serves_one_run_after_another_and_runs_at_once_have_their_own()
    {
        var spec = bench.Action("touch $ATTUNE_EXEC_ID; ls -A");
        for (var id = 1; id <= 5; id++)
        {
            Assert.Equal($"\"{id}\"", (await bench.RunAsync(spec, executionId: id)).Result);
        }

        Assert.Equal("slot-1", Path.GetFileName(Assert.Single(Slots)));

        var meeting = Path.Combine(bench.Paths.Root, "meeting");
        Directory.CreateDirectory(meeting);
        spec = bench.Action($"touch $ATTUNE_EXEC_ID {meeting}/$ATTUNE_EXEC_ID; until [ $(ls {meeting} | wc -l) = 8 ]; do sleep 0.02; done; ls -A");
        var runs = await Task.WhenAll(Enumerable.Range(11, 8).Select(id => bench.RunAsync(spec, executionId: id)));
        Assert.All(runs, run => Assert.Equal($"\"{run.End.ExecutionId}\"", run.Result));
        Assert.Equal(8, Slots.Length);
        Assert.All(Slots, RunBench.AssertEmptySlot);
    }

    [Fact]
    public async Task A_parameter_file_is_gone_before_the_next_run()
    {
        var spec = bench.Action("cat $ATTUNE_PARAMETER_FILE");
        spec.ParameterDelivery = ParameterDelivery.File;
        Assert.Contains("first", (await bench.RunAsync(spec, new { name = "first" })).Result, StringComparison.Ordinal);
        Assert.All(Slots, RunBench.AssertEmptySlot);
        Assert.DoesNotContain("first", (await bench.RunAsync(spec, new { name = "second" }, executionId: 2)).Result, StringComparison.Ordinal);
        Assert.Equal("slot-1", Path.GetFileName(Assert.Single(Slots)));
    }

    [Fact]
    public async Task A_folder_that_something_was_put_into_between_two_runs_is_replaced()
    {
        (await bench.RunAsync(bench.Action("true"))).AssertCompleted();
        await File.WriteAllTextAsync(Path.Combine(Assert.Single(Slots), "work", "late"), "secret");
        Assert.Equal($"\"{Pristine}\"", (await bench.RunAsync(bench.Action(Look), executionId: 2)).Result);
        Assert.Equal("slot-2", Path.GetFileName(Assert.Single(Slots)));
    }

    [Fact]
    public async Task A_folder_is_not_used_again_while_an_orphan_lives_that_could_be_of_its_run()
    {
        var other = bench.Start(bench.Action("echo ready; sleep 1000"), executionId: 2);
        await RunBench.Until(() => other.Out.Contains("ready", StringComparison.Ordinal), "ready");
        var file = Path.Combine(bench.Paths.Root, "daemon");
        var run = await bench.RunAsync(bench.Action(
            $"setsid env -i /bin/bash -c 'echo $$ > {file}; while true; do echo secret > $PWD/late; sleep 0.01; done' & until [ -s {file} ]; do sleep 0.02; done; pwd"));
        run.AssertCompleted();
        var next = await bench.RunAsync(bench.Action("pwd; for i in 1 2 3 4 5; do sleep 0.02; ls -A; done"), executionId: 3);
        Assert.DoesNotContain("late", next.Result, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Result.Trim('"'), next.Result, StringComparison.Ordinal);
        other.Control.Cancel("enough", TimeSpan.FromSeconds(10));
        await other.Finished;
    }

    [Fact]
    public async Task What_a_crash_left_is_known_and_then_gone()
    {
        var crashed = new RunFolders(bench.Paths);
        var begun = crashed.Take(7, 2);
        await File.WriteAllTextAsync(Path.Combine(begun.Work, ".secret"), "secret");
        Directory.CreateDirectory(Path.Combine(begun.Temporary, "shut"), UnixFileMode.None);
        crashed.Take(8, 1).Dispose();
        Assert.Equal([(7L, 2)], RunFolders.Noted(bench.Paths));

        await Leftovers.KillAsync(bench.Paths, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        Assert.Empty(Slots);
        Assert.Empty(RunFolders.Noted(bench.Paths));
        Assert.Equal($"\"{Pristine}\"", (await bench.RunAsync(bench.Action(Look))).Result);
    }

    [Fact]
    public void A_folder_that_could_not_be_removed_at_the_start_is_not_used()
    {
        Directory.CreateDirectory(Path.Combine(bench.Paths.Runs, "slot-1", "work"));
        using var folder = new RunFolders(bench.Paths).Take(1, 1);
        Assert.Equal(Path.Combine(bench.Paths.Runs, "slot-2", "work"), folder.Work);
    }
}
