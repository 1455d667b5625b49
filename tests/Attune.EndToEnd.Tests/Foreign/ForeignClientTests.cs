using System.Text.Encodings.Web;
using System.Text.Json;
using Attune.EndToEnd.Tests.MainPath;
using Attune.Testing;

namespace Attune.EndToEnd.Tests.Foreign;

/// <summary>Clients in other languages, on libraries that nobody here wrote, against the live server.</summary>
[Collection(MainSite.Collection)]
public sealed class ForeignClientTests(MainSite main)
{
    const string DebianPackages = "python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc nodejs npm";

    static readonly string Sources = Path.Combine(Repository.Root, "tests", "Attune.EndToEnd.Tests", "clients");
    static readonly string Protos = Path.Combine(Repository.Root, "protos");

    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly string Task = JsonSerializer.Serialize(new
    {
        login = Site.AdminLogin,
        password = Site.AdminPassword,
        action = "core.shell",
        parameters = new { command = "echo grün; echo done" },
    });

    static CancellationToken Soon => Waiting.SoonEnough;

    // host:port, as gRPC names an address without a scheme.
    string Address => new Uri(main.Site.Servers[0].Address).Authority;

    [Fact]
    public async Task Node_with_grpc_js_logs_in_runs_an_action_follows_its_log_and_reads_its_result()
        => AssertRan(await RunAsync("node", [Path.Combine(NodeFolder(), "run.js"), Address, Protos], Task));

    [Fact]
    public async Task Debians_python_with_grpcio_logs_in_runs_an_action_follows_its_log_and_reads_its_result()
        => AssertRan(await RunAsync(
            "/usr/bin/python3", [Path.Combine(Sources, "python", "run.py"), Address, await GeneratePythonAsync()], Task));

    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task A_client_without_protos_finds_the_api_by_reflection_and_uses_it(string version)
    {
        using var answer = await RunAsync("node", [Path.Combine(NodeFolder(), "discover.js"), Address, version], Task);

        var said = answer.RootElement;
        Assert.Equal("SERVING", said.GetProperty("health").GetString());
        var services = said.GetProperty("services").EnumerateArray().Select(each => each.GetString()).ToList();
        Assert.Contains("attune.v1.ExecutionService", services);
        Assert.Contains("grpc.health.v1.Health", services);
        var methods = said.GetProperty("methods").EnumerateArray().Select(each => each.GetString()).ToList();
        Assert.Contains("StartExecution", methods);
        Assert.Contains("StreamExecutionLogs", methods);
        Assert.Equal("Echo", said.GetProperty("label").GetString());
    }

    static void AssertRan(JsonDocument answer)
    {
        using (answer)
        {
            Assert.Equal(
                $$"""{"log":"grün\ndone\n","outcome":"EXECUTION_STATUS_COMPLETED","status":"EXECUTION_STATUS_COMPLETED","result":"grün\ndone","worker":"{{MainSite.Agent}}","refusal":"NOT_FOUND"}""",
                JsonSerializer.Serialize(answer.RootElement, Plain));
        }
    }

    static string NodeFolder()
    {
        var folder = Path.Combine(Sources, "node");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules", "@grpc", "grpc-js")),
            $"`./dev test` installs what this needs with: npm ci --prefix {folder}");
        return folder;
    }

    async Task<string> GeneratePythonAsync()
    {
        var stubs = Directory.CreateDirectory(Path.Combine(main.Site.Folder, "stubs")).FullName;
        var files = Directory.EnumerateFiles(Path.Combine(Protos, "attune", "v1"), "*.proto");
        await RunToolAsync(
            "protoc",
            [
                $"--proto_path={Protos}", $"--python_out={stubs}", $"--grpc_out={stubs}",
                "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", .. files,
            ],
            input: null);
        return stubs;
    }

    static async Task<JsonDocument> RunAsync(string program, IReadOnlyList<string> args, string input)
        => JsonDocument.Parse(await RunToolAsync(program, args, input));

    static async Task<string> RunToolAsync(string program, IReadOnlyList<string> args, string? input)
    {
        RunningProcess process;
        try
        {
            process = RunningProcess.Start(program, args, input: input);
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new InvalidOperationException($"There is no {program}; `./dev test` installs what this needs: {DebianPackages}", exception);
        }

        await using (process)
        {
            var code = await process.ExitAsync(Soon);
            Assert.True(code is 0, $"{program} ended with {code}. It needs what `./dev test` installs: {DebianPackages}\n{process.Both}");
            return process.Output;
        }
    }
}
