using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Server.Tests.Hosting;

/// <summary>`attune-server dev` as a person starts it: a process of its own.</summary>
public sealed class DevTests
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    static CancellationToken LongEnough => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task It_brings_everything_up_writes_a_login_that_works_and_keeps_its_data()
    {
        using var place = new Place();
        var dev = new DevProcess(place, "--no-agent");
        await dev.ReadyAsync(LongEnough);

        var token = await place.ReadTokenAsync();
        Assert.Equal("admin", await WhoAmIAsync(place, token));
        foreach (var file in new[] { place.CliConfiguration, place.InState("master.key"), place.InState("admin-login") })
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(file));
        Assert.DoesNotContain(token, dev.Output);
        Assert.DoesNotContain((await File.ReadAllLinesAsync(place.InState("admin-login"), LongEnough))[1], dev.Output);

        var second = new DevProcess(place, "--no-agent");
        Assert.Equal(1, await second.EndAsync(LongEnough));
        Assert.Contains("runs already", second.Output);

        Assert.Equal(0, await dev.StopAsync(LongEnough));
        var again = new DevProcess(place, "--no-agent");
        await again.ReadyAsync(LongEnough);
        Assert.Equal(token, await place.ReadTokenAsync());
        Assert.Equal("admin", await WhoAmIAsync(place, token));
        Assert.Equal(0, await again.StopAsync(LongEnough));
    }

    [Fact]
    public async Task An_agent_that_ends_before_it_connects_is_quoted_and_nothing_is_left_running()
    {
        using var place = new Place();
        var agent = Path.Combine(place.Directory, "agent.sh");
        await File.WriteAllTextAsync(agent, "#!/bin/sh\necho \"no luck with $*\" >&2\nexit 3\n", LongEnough);
        File.SetUnixFileMode(agent, OwnerOnly | UnixFileMode.UserExecute);

        var dev = new DevProcess(place, "--agent-binary", agent);

        Assert.Equal(1, await dev.EndAsync(LongEnough));
        Assert.Contains("no luck with --server", dev.Output);
        Assert.Contains("ended before it connected", dev.Output);
        Assert.False(File.Exists(place.InState("join-token")));
        Assert.False(File.Exists(place.InState("postgres/data/postmaster.pid")));
    }

    static async Task<string> WhoAmIAsync(Place place, string token)
    {
        using var channel = GrpcChannel.ForAddress(place.Server);
        var me = await new IdentityService.IdentityServiceClient(channel).GetCurrentIdentityAsync(
            new(), new Metadata { { "authorization", $"Bearer {token}" } }, cancellationToken: LongEnough);
        return me.Identity.Login;
    }

    sealed class Place : IDisposable
    {
        public Place()
        {
            Directory = System.IO.Directory.CreateTempSubdirectory("attune-dev-").FullName;

            // Under root PostgreSQL runs as somebody else, who must be able to pass through.
            File.SetUnixFileMode(Directory, File.GetUnixFileMode(Directory) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
            (Port, HttpPort) = (FreePort.Take(), FreePort.Take());
        }

        public string Directory { get; }
        public int Port { get; }
        public int HttpPort { get; }
        public string Server => $"http://127.0.0.1:{Port}";
        public string CliConfiguration => Path.Combine(Directory, "config", "attune", "config.json");

        public string InState(string name) => Path.Combine(Directory, "state", name).TrimEnd('/');

        public async Task<string> ReadTokenAsync()
        {
            var configuration = JsonNode.Parse(await File.ReadAllTextAsync(CliConfiguration, LongEnough))!;
            Assert.Equal("dev", (string?)configuration["current"]);
            Assert.Equal(Server, (string?)configuration["profiles"]!["dev"]!["server"]);
            return (string)configuration["profiles"]!["dev"]!["token"]!;
        }

        public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
    }

    sealed class DevProcess
    {
        readonly Process process;
        readonly StringBuilder output = new();
        readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DevProcess(Place place, params string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["XDG_CONFIG_HOME"] = Path.Combine(place.Directory, "config") },
            };
            start.Environment.Remove("ATTUNE_CONFIG");
            var server = Path.Combine(AppContext.BaseDirectory, "attune-server.dll");
            string[] always = ["dev", "--state-dir", place.InState(""), "--port", $"{place.Port}", "--http-port", $"{place.HttpPort}"];
            foreach (var argument in (string[])[server, .. always, .. arguments])
                start.ArgumentList.Add(argument);
            process = Process.Start(start)!;
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public string Output
        {
            get
            {
                lock (output)
                    return output.ToString();
            }
        }

        public async Task ReadyAsync(CancellationToken ct)
        {
            var ended = process.WaitForExitAsync(ct);
            if (await Task.WhenAny(ready.Task, ended) == ended)
                Assert.Fail($"dev ended:\n{Output}");
        }

        public async Task<int> EndAsync(CancellationToken ct)
        {
            await process.WaitForExitAsync(ct);
            return process.ExitCode;
        }

        public async Task<int> StopAsync(CancellationToken ct)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            return await EndAsync(ct);
        }

        void Keep(string? line)
        {
            if (line is null)
                return;

            lock (output)
                output.AppendLine(line);
            if (line.Contains("Attune is ready", StringComparison.Ordinal))
                ready.TrySetResult();
        }
    }
}
