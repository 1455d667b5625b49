using System.Net;
using System.Text.Json;
using Attune.Testing;

namespace Attune.EndToEnd.Tests.FirstRun;

/// <summary>The example pack on real input, through the command line, as the README shows it.</summary>
[Collection(DevSite.Collection)]
public sealed class OpsPackTests(DevSite site) : IAsyncLifetime
{
    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        var installed = await site.AttuneAsync("pack", "install", Path.Combine(Repository.Root, "packs", "examples", "ops"));
        Assert.True(installed.ExitCode is 0, installed.Errors);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Disk_usage_of_real_paths()
    {
        var result = await RunAsync("ops.disk_usage", $"paths={Json(site.Folder, StateOf("gone"))}");

        var measured = Assert.Single(result.GetProperty("filesystems").EnumerateArray());
        Assert.Equal(site.Folder, measured.GetProperty("path").GetString());
        var drive = new DriveInfo(site.Folder);
        Assert.Equal(drive.TotalSize, measured.GetProperty("total_bytes").GetInt64());
        Assert.InRange(measured.GetProperty("used_percent").GetDouble(), 0.1, 100);
        Assert.Equal(StateOf("gone"), Assert.Single(result.GetProperty("errors").EnumerateArray()).GetProperty("path").GetString());
    }

    [Fact]
    public async Task Certificate_expiry_of_a_file_and_of_a_host_that_presents_it()
    {
        var (certificate, key) = (StateOf("site.pem"), StateOf("site.key"));
        await ToolAsync(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "20",
            "-subj", "/CN=ops.example.com", "-keyout", key, "-out", certificate);
        var port = FreePort.Take();
        await using var server = RunningProcess.Start(
            "openssl", ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", certificate, "-key", key, "-quiet", "-www"]);
        await Waiting.UntilAsync(() => FreePort.AnswersAsync(port, Soon), () => $"openssl s_server:\n{server.Both}", Soon);

        var result = await RunAsync(
            "ops.cert_expiry", $"targets={Json(certificate, $"127.0.0.1:{port}", StateOf("gone.pem"))}", "warn_days=30");

        var lines = result.EnumerateArray().ToList();
        Assert.Equal(["expiring", "expiring", "error"], lines.Select(line => line.GetProperty("status").GetString()));
        Assert.All(lines.Take(2), line => Assert.Equal("CN=ops.example.com", line.GetProperty("subject").GetString()));
        Assert.All(lines.Take(2), line => Assert.InRange(line.GetProperty("days_left").GetInt32(), 19, 20));
        Assert.Equal(lines[0].GetProperty("not_after").GetString(), lines[1].GetProperty("not_after").GetString());
    }

    [Fact]
    public async Task Activity_of_a_real_repository_on_a_second_agent_chosen_by_label()
    {
        var repository = Directory.CreateDirectory(StateOf("repository")).FullName;
        await ToolAsync("git", "init", "-q", repository);
        await CommitAsync(repository, "Ada", "2026-01-01T12:00:00+00:00", "one.txt", "1\n2\n3\n");
        await CommitAsync(repository, "Grace", "2026-01-02T12:00:00+00:00", "two.txt", "1\n");
        await CommitAsync(repository, "Ada", "2026-01-02T13:00:00+00:00", "one.txt", "1\n");
        await site.AddAgentAsync("edge-1", "zone=edge");

        var ran = await site.AskAsync("run", "ops.git_activity", $"repository={repository}", "--label", "zone=edge", "--follow");

        Assert.Equal("edge-1", ran.GetProperty("worker_name").GetString());
        var result = ran.GetProperty("result");
        Assert.Equal(3, result.GetProperty("commits").GetInt32());
        Assert.Equal(
            [("Ada", 2, 3, 2), ("Grace", 1, 1, 0)],
            result.GetProperty("authors").EnumerateArray().Select(each => (
                each.GetProperty("name").GetString(), each.GetProperty("commits").GetInt32(),
                each.GetProperty("insertions").GetInt32(), each.GetProperty("deletions").GetInt32())));
        Assert.Equal("""{"2026-01-01":1,"2026-01-02":2}""", JsonSerializer.Serialize(result.GetProperty("days")));
        Assert.Equal("one.txt", result.GetProperty("files")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task Health_of_web_services_of_which_one_is_down_fails_with_its_result()
    {
        var address = $"http://127.0.0.1:{FreePort.Take()}/";
        using var listener = new HttpListener { Prefixes = { address } };
        listener.Start();
        var serving = ServeAsync(listener);

        var well = await RunAsync("ops.http_health", $"urls={Json($"{address}up")}", "expected_text=well");
        Assert.True(well.GetProperty("healthy").GetBoolean());
        Assert.Equal("up", well.GetProperty("checks")[0].GetProperty("state").GetString());

        var run = await site.AttuneAsync(
            "run", "ops.http_health", $"urls={Json($"{address}up", $"{address}down")}", "attempts=2", "--follow", "-o", "json");
        Assert.Equal(1, run.ExitCode);
        using var failed = JsonDocument.Parse(run.Output);
        Assert.Equal("EXECUTION_STATUS_FAILED", failed.RootElement.GetProperty("status").GetString());
        var down = failed.RootElement.GetProperty("result").GetProperty("checks")[1];
        Assert.Equal(("down", 503), (down.GetProperty("state").GetString(), down.GetProperty("status").GetInt32()));
        Assert.Contains("down: status 503", failed.RootElement.GetProperty("error").GetProperty("stderr_tail").GetString());
        listener.Stop();
        await serving;
    }

    string StateOf(string name) => Path.Combine(site.Folder, name);

    static string Json(params string[] values) => JsonSerializer.Serialize(values);

    /// <summary>Runs and follows an action that must complete; its result.</summary>
    async Task<JsonElement> RunAsync(string action, params string[] parameters)
    {
        var ran = await site.AskAsync(["run", action, .. parameters, "--follow"]);
        Assert.Equal("EXECUTION_STATUS_COMPLETED", ran.GetProperty("status").GetString());
        return ran.GetProperty("result");
    }

    static async Task ServeAsync(HttpListener listener)
    {
        while (true)
        {
            try
            {
                var context = await listener.GetContextAsync();
                context.Response.StatusCode = context.Request.Url!.AbsolutePath is "/up" ? 200 : 503;
                await context.Response.OutputStream.WriteAsync("all is well"u8.ToArray());
                context.Response.Close();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    static async Task CommitAsync(string repository, string author, string time, string file, string content)
    {
        await File.WriteAllTextAsync(Path.Combine(repository, file), content, Soon);
        await ToolAsync("git", "-C", repository, "add", file);
        await ToolAsync(
            "git", "-C", repository, "-c", $"user.name={author}", "-c", $"user.email={author}@example.com", "-c", "commit.gpgsign=false",
            "commit", "-q", "-m", "A change", "--date", time);
    }

    static async Task ToolAsync(string program, params string[] args)
    {
        await using var process = RunningProcess.Start(program, args);
        Assert.True(await process.ExitAsync(Soon) is 0, $"{program} {string.Join(' ', args)}\n{process.Both}");
    }
}
