using System.Text.Json;
using Attune.Agent.Packs;
using Attune.V1;

namespace Attune.Agent.Tests.Running;

public sealed class RuntimeTests : IAsyncLifetime
{
    readonly RunBench bench = RunBench.Create();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_shell_script_gets_its_parameters_and_gives_a_result()
    {
        var run = await bench.RunAsync(bench.Action("read -r line; echo \"got $line\""), new { name = "x" });
        run.AssertCompleted();
        Assert.Equal("\"got {\\\"name\\\":\\\"x\\\"}\"", run.Result);
        Assert.NotNull(run.StartedAt);
        Assert.Equal(run.Chunks.Count, run.End.LastLogSequence);
    }

    [Fact]
    public async Task A_python_script_reads_a_document_and_answers_with_another()
    {
        var digest = bench.Publish(
            RunBench.File("actions/act.py", "import json, sys, helper\nprint(json.dumps({'sum': helper.add(json.load(sys.stdin)['numbers'])}))"),
            RunBench.File("lib/helper.py", "add = sum\n"));
        var run = await bench.RunAsync(
            RunBench.ActionOf(digest, OutputFormat.Json, RunBench.Python, "actions/act.py"),
            new { numbers = (int[])[1, 2, 39] });
        run.AssertCompleted();
        Assert.Equal(42, JsonDocument.Parse(run.Result).RootElement.GetProperty("sum").GetInt32());
        Assert.Empty(bench.Reports);
    }

    [Fact]
    public async Task A_pack_with_requirements_runs_in_an_environment_that_is_built_once_per_manifest()
    {
        const string Script = "import sys\nprint(sys.prefix)";
        var specs = Enumerable.Range(1, 2).Select(version => RunBench.ActionOf(
            bench.Publish(RunBench.File("requirements.txt", "# nothing\n"), RunBench.File("actions/act.py", $"{Script}\n# {version}")),
            OutputFormat.Text,
            RunBench.Python,
            "actions/act.py")).ToList();
        var runs = await Task.WhenAll(specs.Concat(specs).Select((spec, index) => bench.RunAsync(spec, executionId: index + 1)));

        Assert.All(runs, run => run.AssertCompleted());
        Assert.All(runs, run => Assert.StartsWith('"' + bench.Paths.Environments, run.Result, StringComparison.Ordinal));
        Assert.Equal([EnvironmentStatus.Installing, EnvironmentStatus.Ready], bench.Reports.Select(report => report.Status));
        Assert.Contains("-m venv", bench.Reports.Last().InstallLog, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_environment_that_cannot_be_built_fails_the_run_with_the_end_of_its_log_and_is_tried_again()
    {
        var spec = RunBench.ActionOf(
            bench.Publish(RunBench.File("requirements.txt", "./nowhere-to-be-found\n"), RunBench.File("actions/act.py", "print(1)")),
            OutputFormat.Text,
            RunBench.Python,
            "actions/act.py");
        var first = await bench.RunAsync(spec);
        first.AssertFailed("ENVIRONMENT_FAILED");
        Assert.Contains("nowhere-to-be-found", first.End.Error.Message, StringComparison.Ordinal);
        Assert.Null(first.StartedAt);

        (await bench.RunAsync(spec)).AssertFailed("ENVIRONMENT_FAILED");
        Assert.Equal(2, bench.Reports.Count(report => report.Status == EnvironmentStatus.Failed));
    }

    [Fact]
    public async Task A_node_script_finds_the_packs_library_also_without_an_environment()
    {
        var digest = bench.Publish(
            RunBench.File("actions/act.js", "const p = JSON.parse(require('fs').readFileSync(0)); console.log(JSON.stringify({ twice: require('twice')(p.n) }));"),
            RunBench.File("lib/twice.js", "module.exports = n => n * 2;"));
        var run = await bench.RunAsync(RunBench.ActionOf(digest, OutputFormat.Json, RunBench.Node, "actions/act.js"), new { n = 21 });
        run.AssertCompleted();
        Assert.Equal("""{"twice":42}""", run.Result);
    }

    [Fact]
    public async Task A_native_entry_point_is_executed_itself()
    {
        var digest = bench.Publish(RunBench.File("actions/act", "#!/bin/sh\necho native $#", isExecutable: true), RunBench.File("actions/data", "x"));
        var run = await bench.RunAsync(RunBench.ActionOf(digest, OutputFormat.Text, new RuntimeSpec(), "actions/act"));
        Assert.Equal("\"native 0\"", run.Result);

        var plain = await bench.RunAsync(RunBench.ActionOf(digest, OutputFormat.Text, new RuntimeSpec(), "actions/data"));
        plain.AssertFailed("START_FAILED");
        Assert.Contains("ermission denied", plain.End.Error.Message, StringComparison.Ordinal);
        Assert.Null(plain.StartedAt);
    }

    [Theory]
    [InlineData("actions/missing")]
    [InlineData("../../etc/passwd")]
    public async Task An_entry_point_outside_of_the_release_is_not_started(string entryPoint)
    {
        var spec = bench.Action("echo no");
        spec.EntryPoint = entryPoint;
        (await bench.RunAsync(spec)).AssertFailed("START_FAILED");
    }

    [Fact]
    public async Task An_unknown_interpreter_is_a_failed_start()
    {
        var spec = bench.Action("x", runtime: new RuntimeSpec { InterpreterBinary = "no-such-interpreter" });
        (await bench.RunAsync(spec)).AssertFailed("START_FAILED");
    }

    [Fact]
    public async Task The_detectors_path_is_used_for_an_interpreter_that_is_not_on_the_PATH()
    {
        bench.Runner.UseRuntimes([new FoundRuntime { RuntimeRef = "core.test", Path = "/bin/bash" }]);
        (await bench.RunAsync(bench.Action("echo $BASH_VERSION", runtime: new RuntimeSpec { InterpreterBinary = "no-such-interpreter" }))).AssertCompleted();
    }

    [Fact]
    public async Task The_detector_finds_what_is_here_and_leaves_out_what_is_not()
    {
        var probes = RuntimeDetector.CoreProbes.Append(new RuntimeProbe
        {
            RuntimeRef = "core.cobol",
            Commands = { new RuntimeProbeCommand { Binary = "cobc-not-here", Pattern = "." } },
        });
        var found = await new RuntimeDetector(bench.Processes).DetectAsync([.. probes], CancellationToken.None);

        Assert.Equal(["core.shell", "core.python", "core.nodejs", "core.native"], found.Select(each => each.RuntimeRef));
        Assert.All(found.Take(3), each => Assert.Matches(@"^\d+\.\d+\.\d+$", each.Version));
        Assert.All(found.Take(3), each => Assert.True(File.Exists(each.Path)));
    }

    [Fact]
    public void Builtins_need_no_process()
    {
        var item = new WorkItem { ExecutionId = 7, Attempt = 2, Parameters = Google.Protobuf.ByteString.CopyFromUtf8("""{"a":{"message":1},"message":{"x":[1,"\u0000"]}}""") };
        Assert.True(bench.Runner.TryRunBuiltin(new ActionSpec { EntryPoint = "builtin:noop" }, item, out var noop));
        Assert.True(noop is { ExecutionId: 7, Attempt: 2, Outcome: Outcome.Completed, Result.IsEmpty: true, Error: null });
        Assert.True(bench.Runner.TryRunBuiltin(new ActionSpec { EntryPoint = "builtin:echo" }, item, out var echo));
        Assert.Equal("""{"x":[1,"\uFFFD"]}""", echo.Result.ToStringUtf8());
        Assert.True(bench.Runner.TryRunBuiltin(new ActionSpec { EntryPoint = "builtin:echo", SecretParameters = { "message" } }, item, out var secret));
        Assert.Equal("\"***\"", secret.Result.ToStringUtf8());
        Assert.False(bench.Runner.TryRunBuiltin(new ActionSpec { EntryPoint = "actions/x.sh" }, item, out _));
    }
}
