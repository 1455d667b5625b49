using System.Text;
using System.Text.Json;
using Attune.Agent.Running;
using Attune.V1;

namespace Attune.Agent.Tests.Running;

public sealed class OutputTests : IAsyncLifetime
{
    static readonly Masker NoSecrets = new([]);
    readonly RunBench bench = RunBench.Create();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Theory]
    [InlineData("hello\n", "\"hello\"")]
    [InlineData("hello\n\n", "\"hello\\n\"")]
    [InlineData("a\r\n", "\"a\"")]
    [InlineData("", "\"\"")]
    [InlineData("a\0b\"", "\"a\uFFFDb\\\"\"")]
    public void Text_loses_its_last_line_end(string output, string json) => Assert.Equal(json, Read(output, OutputFormat.Text).Json);

    [Theory]
    [InlineData(" {\"a\": [1, 2.5e3, \"\\u00e9\", null]}\n", "{\"a\": [1, 2.5e3, \"\\u00e9\", null]}")]
    [InlineData("\uFEFF17", "17")]
    [InlineData("\"\\u0000 \\ud800 \\ud83d\\ude00 \\\\u0000\"", "\"\\uFFFD \\uFFFD \\ud83d\\ude00 \\\\u0000\"")]
    public void Json_is_kept_as_it_is_but_for_what_no_database_holds(string output, string json) => Assert.Equal(json, Read(output, OutputFormat.Json).Json);

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("{\"a\": 1,\n \"b\": oops}", 2, 7)]
    [InlineData("{} {}", 1, 4)]
    [InlineData("{\"a\": 1", 1, 8)]
    [InlineData("[1,\n1e999]", 2, 1)]
    [InlineData("// comment", 1, 1)]
    public void Json_that_does_not_parse_says_where(string output, int line, int column)
    {
        var (_, fault) = Read(output, OutputFormat.Json);
        Assert.Equal("OUTPUT_INVALID", fault?.Reason);
        Assert.Contains(line == 0 ? "wrote nothing" : $"line {line}, column {column}:", fault!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_nested_deeper_than_the_wire_can_carry_is_refused()
    {
        Assert.Null(Read(new string('[', ActionResult.DepthMax) + new string(']', ActionResult.DepthMax), OutputFormat.Json).Fault);
        Assert.NotNull(Read(new string('[', 40) + new string(']', 40), OutputFormat.Json).Fault);
        Assert.NotNull(Read(new string('[', 40) + new string(']', 40), OutputFormat.Yaml).Fault);
    }

    [Theory]
    [InlineData("{\"a\":1}\n\n  [2]\r\n\"x\"", "[{\"a\":1},[2],\"x\"]")]
    [InlineData("", "[]")]
    public void Json_lines_become_an_array(string output, string json) => Assert.Equal(json, Read(output, OutputFormat.Jsonl).Json);

    [Fact]
    public void A_bad_json_line_is_named()
        => Assert.Contains("line 3, column 2:", Read("1\n\n[oops]\n", OutputFormat.Jsonl).Fault!.Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n  d: ~\n  e: 0x1F\n  f: 0o17\n  g: 1.5\n  h: 007\n  i: yes\n  j: true\n  k: .inf\n  l: 2027-01-01\n",
        """{"a":1,"b":["x","y","z\n"],"c":{"d":null,"e":31,"f":15,"g":1.5,"h":7,"i":"yes","j":true,"k":".inf","l":"2027-01-01"}}""")]
    [InlineData("- &x {k: v}\n- *x\n- |\n  two\n  lines\n- 123456789012345678901234567890\n", """[{"k":"v"},{"k":"v"},"two\nlines\n",123456789012345678901234567890]""")]
    [InlineData("--- !!str 12\n...\n", "\"12\"")]
    [InlineData("null", "null")]
    [InlineData("", "")]
    [InlineData("# only a comment\n", "")]
    public void Yaml_is_read_by_the_core_schema(string output, string json) => Assert.Equal((json, null), Read(output, OutputFormat.Yaml));

    [Theory]
    [InlineData("a: 1\nb: [1, 2\nc: 3", 2)]
    [InlineData("a: 1\nb: }\n", 2)]
    [InlineData("a: 1\n--- \nb: 2\n", 2)]
    [InlineData("a: 1\nb: 2\na: 3\n", 3)]
    [InlineData("? [a]\n: b\n", 1)]
    [InlineData("a: *nobody\n", 1)]
    public void Yaml_that_does_not_parse_says_where(string output, int line)
        => Assert.Contains($"line {line}, column", Read(output, OutputFormat.Yaml).Fault?.Message ?? "no fault", StringComparison.Ordinal);

    [Fact]
    public void Aliases_that_explode_are_refused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 12; level++)
        {
            text.Append($"a{level}: &a{level} [").AppendJoin(", ", Enumerable.Repeat($"*a{level - 1}", 10)).Append("]\n");
        }

        Assert.Contains("aliases", Read(text.ToString(), OutputFormat.Yaml).Fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutputFormat.Json, "{\"key\":\"hunter22\",\"n\":7654321,\"hunter22\":[\"x hunter22 y\"]}", "{\"key\":\"***\",\"n\":\"***\",\"***\":[\"x *** y\"]}")]
    [InlineData(OutputFormat.Jsonl, "\"hunter22\"\n1", "[\"***\",1]")]
    [InlineData(OutputFormat.Yaml, "key: hunter22", "{\"key\":\"***\"}")]
    [InlineData(OutputFormat.Text, "hunter22\n", "\"***\"")]
    public void Results_hold_no_secret(OutputFormat format, string output, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(output);
        var (result, fault) = ActionResult.Read(bytes, bytes.Length, format, new Masker(["hunter22", "7654321"]));
        Assert.Null(fault);
        Assert.Equal(json, Encoding.UTF8.GetString(result));
    }

    [Fact]
    public void An_error_shows_what_is_near_without_the_secret()
    {
        var bytes = Encoding.UTF8.GetBytes("{\"a\": hunter22}");
        var (_, fault) = ActionResult.Read(bytes, bytes.Length, OutputFormat.Json, new Masker(["hunter22"]));
        Assert.Contains("Near: {\"a\": ***}", fault!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_that_is_not_what_was_declared_fails_a_process_that_ended_well()
    {
        var run = await bench.RunAsync(bench.Action("echo '[1, 2'", OutputFormat.Json));
        run.AssertFailed("OUTPUT_INVALID");
        Assert.True(run.End.Result.IsEmpty);
        Assert.Equal(0, run.End.Error.ExitCode);
    }

    [Fact]
    public async Task A_result_that_is_too_large_is_refused_and_a_text_is_cut()
    {
        const string Script = "echo -n '\"'; head -c 2000000 /dev/zero | tr '\\0' x; echo '\"'";
        (await bench.RunAsync(bench.Action(Script, OutputFormat.Json))).AssertFailed("OUTPUT_TOO_LARGE");
        var text = await bench.RunAsync(bench.Action(Script));
        text.AssertCompleted();
        Assert.EndsWith("[output truncated: 2000003 bytes in all]\"", text.Result, StringComparison.Ordinal);
        Assert.InRange(text.Result.Length, RunOutput.ResultMax, RunOutput.ResultMax + 100);
    }

    [Fact]
    public async Task A_hundred_megabytes_are_read_to_the_end_and_ten_are_kept()
    {
        var run = await bench.RunAsync(bench.Action("yes 'a line of output that is long enough to fill the pipe quickly' | head -c 100000000; echo the end >&2; exit 3"));
        run.AssertFailed("EXIT_CODE");
        Assert.Equal("the end", run.End.Error.StderrTail);
        Assert.InRange(run.Out.Length, RunOutput.LogMax - 100, RunOutput.LogMax);
        Assert.EndsWith("\n", run.Out, StringComparison.Ordinal);
        Assert.Contains("[log truncated", run.System, StringComparison.Ordinal);
        Assert.All(run.Chunks, chunk => Assert.InRange(chunk.Content.Length, 1, 64 * 1024));
        Assert.Equal(Enumerable.Range(1, run.Chunks.Count).Select(each => (long)each), run.Chunks.Select(chunk => chunk.Sequence));
    }

    [Fact]
    public async Task A_slow_log_slows_the_process_down_and_loses_nothing()
    {
        var gate = new TaskCompletionSource();
        var bytes = 0;
        var progress = Path.Combine(bench.Paths.Root, "progress");
        var spec = bench.Action($"for i in $(seq 40); do head -c 100000 /dev/zero | tr '\\0' x; echo; echo $i >> {progress}; done");
        var run = bench.Runner.RunAsync(
            spec,
            new WorkItem { ExecutionId = 1, Attempt = 1 },
            new RunEvents(_ => { }, async (chunk, ct) =>
            {
                await gate.Task.WaitAsync(ct);
                bytes += chunk.Content.Length;
            }),
            new RunControl(),
            CancellationToken.None);
        await RunBench.Until(() => File.Exists(progress) && File.ReadLines(progress).Any(), "some progress");
        await RunBench.Until(() => bench.Processes.Paused == 1, "the loop stops reading");
        Assert.InRange(File.ReadLines(progress).Count(), 1, 20);
        gate.SetResult();
        Assert.Equal(Outcome.Completed, (await run).Outcome);
        Assert.Equal(40 * 100_001, bytes);
    }

    [Fact]
    public async Task Lines_are_seen_while_the_process_goes_on_and_so_is_a_prompt_without_an_end()
    {
        var run = bench.Start(bench.Action("echo one; echo err >&2; echo -n 'prompt> '; read -r x < <(sleep 1000)"));
        await RunBench.Until(() => run.Out == "one\nprompt> " && run.Log(LogStream.Stderr) == "err\n", "live output");
        Assert.False(run.Finished.IsCompleted);
        run.Control.Cancel("seen enough", TimeSpan.FromSeconds(30));
        await run.Finished;
    }

    [Fact]
    public async Task Bytes_that_are_no_text_reach_the_log_as_they_are_and_the_result_replaced()
    {
        var run = await bench.RunAsync(bench.Action("printf 'a\\xff\\x00\\xfeb\\n'"));
        run.AssertCompleted();
        Assert.Equal([0x61, 0xff, 0x00, 0xfe, 0x62, 0x0a], run.Chunks.SelectMany(chunk => chunk.Content));
        Assert.Equal("a\uFFFD\uFFFD\uFFFDb", JsonSerializer.Deserialize<string>(run.Result));
    }

    [Fact]
    public async Task A_secret_that_a_script_prints_is_masked_everywhere()
    {
        var spec = bench.Action("read -r line; echo \"$line\"; echo \"$line\" | base64 -w0; echo oops hunter2-hunter2 >&2; exit 1", OutputFormat.Text);
        spec.SecretParameters.Add("credentials.password");
        var run = await bench.RunAsync(spec, new { credentials = new { user = "bob", password = "hunter2-hunter2" } });
        Assert.Equal("{\"credentials\":{\"user\":\"bob\",\"password\":\"***\"}}", run.Out.Split('\n')[0]);
        Assert.DoesNotContain("dW50ZXIyLWh1bnRlcj", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("aHVudGVyMi1odW50ZXIy", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("odW50ZXIyLWh1bnRlcj", run.Out, StringComparison.Ordinal);
        Assert.Equal("oops ***", run.End.Error.StderrTail);
        Assert.DoesNotContain("hunter", run.End.ToString(), StringComparison.Ordinal);
    }

    static (string Json, OutputFault? Fault) Read(string output, OutputFormat format)
    {
        var bytes = Encoding.UTF8.GetBytes(output);
        var (json, fault) = ActionResult.Read(bytes, bytes.Length, format, NoSecrets);
        return (Encoding.UTF8.GetString(json), fault);
    }
}
