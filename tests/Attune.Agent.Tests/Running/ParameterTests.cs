using System.Text;
using System.Text.Json;
using Attune.Agent.Running;
using Attune.V1;

namespace Attune.Agent.Tests.Running;

public sealed class ParameterTests : IAsyncLifetime
{
    const string Awkward = """
        {"plain":"x y","quote":"it's \"so\" \\ $HOME `id`","lines":"a\n  b\n","empty":"","n":-1.5e3,"i":12,"yes":"yes","no":false,"nil":null,"date":"2027-01-01",
         "colon":"a: b # c","uni":"żółć 😀\u0007","list":[1,[],{"k":[]},"- x"],"map":{"a b":{"c":null}},"num":"0123"}
        """;

    readonly RunBench bench = RunBench.Create();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Theory]
    [InlineData(ParameterDelivery.Stdin)]
    [InlineData(ParameterDelivery.File)]
    public async Task Json_arrives_as_it_was_sent(ParameterDelivery delivery)
    {
        var run = await RunAsync(delivery, ParameterFormat.Json, "import json; json.dump(json.load(source), sys.stdout)", OutputFormat.Json);
        AssertSame(Awkward, run.Result);
    }

    [Theory]
    [InlineData(ParameterDelivery.Stdin)]
    [InlineData(ParameterDelivery.File)]
    public async Task Yaml_means_the_same_when_it_is_read_again(ParameterDelivery delivery)
    {
        var run = await RunAsync(delivery, ParameterFormat.Yaml, "sys.stdout.write(source.read())", OutputFormat.Yaml);
        run.AssertCompleted();
        AssertSame(Awkward, run.Result);
        Assert.Contains("\nlist:\n  - 1\n", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ParameterDelivery.Stdin)]
    [InlineData(ParameterDelivery.File)]
    public async Task Dotenv_is_safe_to_evaluate_in_a_shell(ParameterDelivery delivery)
    {
        var spec = bench.Action("eval \"$(cat \"${ATTUNE_PARAMETER_FILE:-/dev/stdin}\")\"\nprintf '%s|%s|%s|%s|%s' \"$quote\" \"$lines\" \"$n\" \"$list\" \"$a_b\"");
        (spec.ParameterDelivery, spec.ParameterFormat) = (delivery, ParameterFormat.Dotenv);
        var run = await bench.RunAsync(spec, """{"quote":"it's \"so\" \\ $HOME `id` $(id)","lines":"a\n b","n":-1.5e3,"list":[1,"x'y"],"a-b":true}""");
        Assert.Equal("it's \"so\" \\ $HOME `id` $(id)|a\n b|-1.5e3|[1,\"x'y\"]|true", JsonSerializer.Deserialize<string>(run.Result));
    }

    [Fact]
    public async Task The_parameter_file_is_for_the_owner_only_and_gone_afterwards()
    {
        var spec = bench.Action("stat -c '%a %n' \"$ATTUNE_PARAMETER_FILE\"; cat /dev/stdin");
        spec.ParameterDelivery = ParameterDelivery.File;
        var run = await bench.RunAsync(spec, new { secret = "not on stdin" });
        var parts = JsonSerializer.Deserialize<string>(run.Result)!.Split(' ');
        Assert.Equal("600", parts[0]);
        Assert.False(File.Exists(parts[1].Trim()));
        Assert.DoesNotContain("not on stdin", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parameters_far_larger_than_a_pipe_arrive_while_output_flows()
    {
        var text = new string('x', 5_000_000);
        var run = await bench.RunAsync(bench.Action("head -c 200000 /dev/zero | tr '\\0' y; wc -c"), new { text });
        run.AssertCompleted();
        Assert.EndsWith($"{text.Length + 12}\"", run.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_that_reads_nothing_is_not_harmed_by_large_parameters()
    {
        var run = await bench.RunAsync(bench.Action("exec <&-; sleep 0.1; echo fine"), new { text = new string('x', 1_000_000) });
        Assert.Equal("\"fine\"", run.Result);
    }

    [Fact]
    public async Task The_environment_holds_what_it_should_and_nothing_of_the_agents()
    {
        Environment.SetEnvironmentVariable("ATTUNE_TEST_OWN", "must not be seen");
        var spec = bench.Action("env -0 | sort -z | tr '\\0' '\\n'; pwd");
        spec.Runtime.EnvVars.Add(new RuntimeEnvVar { Name = "PATH", Value = "{pack_dir}/bin", Operation = "prepend" });
        spec.Runtime.EnvVars.Add(new RuntimeEnvVar { Name = "LIST", Value = "{pack_dir}/a", Operation = "append" });
        spec.Runtime.EnvVars.Add(new RuntimeEnvVar { Name = "LIST", Value = "b", Operation = "append" });
        spec.Runtime.EnvVars.Add(new RuntimeEnvVar { Name = "NEEDS_ENV", Value = "{env_dir}/x" });
        spec.Runtime.EnvVars.Add(new RuntimeEnvVar { Name = "ATTUNE_ACTION", Value = "forged" });
        var run = await bench.RunAsync(spec, executionId: 77, change: item =>
        {
            item.Attempt = 3;
            item.EnvVars["MINE"] = "1";
            item.EnvVars["LANG"] = "C";
            item.EnvVars["ATTUNE_EXEC_ID"] = "forged";
            item.EnvVars["ATTUNE_ANYTHING"] = "forged";
        });
        var lines = JsonSerializer.Deserialize<string>(run.Result)!.Split('\n');
        var seen = lines[..^1].Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        var pack = Path.Combine(bench.Paths.Releases, spec.ReleaseDigest);
        Assert.Equal(
            ("test.act", "77", "3", "fence-77", "test", "1", "C", "http://127.0.0.1:7700"),
            (seen["ATTUNE_ACTION"], seen["ATTUNE_EXEC_ID"], seen["ATTUNE_ATTEMPT"], seen["ATTUNE_FENCE"], seen["ATTUNE_PACK_REF"], seen["MINE"], seen["LANG"], seen["ATTUNE_API_URL"]));
        Assert.StartsWith($"{pack}/bin:", seen["PATH"], StringComparison.Ordinal);
        Assert.Equal($"{pack}/a:b", seen["LIST"]);
        string[] expected =
        [
            "ATTUNE_ACTION", "ATTUNE_API_URL", "ATTUNE_ARTIFACTS_DIR", "ATTUNE_ATTEMPT", "ATTUNE_EXEC_ID", "ATTUNE_FENCE", "ATTUNE_PACK_REF",
            "ATTUNE_PROCESS", "HOME", "LANG", "LIST", "MINE", "PATH", "TMPDIR", "TZ",
        ];
        Assert.Equal(expected, seen.Keys.Except(["_", "PWD", "SHLVL", "OLDPWD"]).Order(StringComparer.Ordinal));
        Assert.StartsWith(bench.Paths.Runs, lines[^1], StringComparison.Ordinal);
        RunBench.AssertEmptySlot(Path.GetDirectoryName(lines[^1])!);
    }

    [Fact]
    public async Task A_token_reaches_the_process_and_never_the_log()
    {
        var run = await bench.RunAsync(bench.Action("echo \"${#ATTUNE_API_TOKEN} $ATTUNE_API_TOKEN\""), change: item => item.ApiToken = "att_0123456789abcdef");
        Assert.Equal("\"20 ***\"", run.Result);
        Assert.Equal("20 ***\n", run.Out);
    }

    [Fact]
    public void An_exponent_is_a_number_for_old_yaml_readers_too()
    {
        var yaml = Encoding.UTF8.GetString(ParameterDocument.Write("""{"a":1e3,"b":1.5E-7}"""u8.ToArray(), ParameterFormat.Yaml));
        Assert.Equal("a: 1.0e+3\nb: 1.5e-7\n", yaml);
    }

    async Task<RunBench.RunningAction> RunAsync(ParameterDelivery delivery, ParameterFormat format, string python, OutputFormat output)
    {
        var spec = bench.Action(
            $"import os, sys\nsource = open(os.environ.get('ATTUNE_PARAMETER_FILE', '/dev/stdin'), encoding='utf-8')\nsys.stdout.reconfigure(encoding='utf-8')\n{python}",
            output,
            new RuntimeSpec { InterpreterBinary = "python3" });
        (spec.ParameterDelivery, spec.ParameterFormat) = (delivery, format);
        return await bench.RunAsync(spec, Awkward);
    }

    static void AssertSame(string expected, string actual)
        => Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, JsonDocument.Parse(actual).RootElement), actual);
}
