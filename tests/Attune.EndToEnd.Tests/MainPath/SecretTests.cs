using System.Security.Cryptography;
using System.Text;
using Attune.Testing;
using Attune.V1;
using Dapper;

namespace Attune.EndToEnd.Tests.MainPath;

[Collection(MainSite.Collection)]
public sealed class SecretTests(MainSite main) : IAsyncLifetime
{
    const string Fields = """
        parameters:
          user: {type: string, required: true}
          password: {type: string, required: true, secret: true}
        output_format: json
        """;

    // Says the secret in every way that scripts do by mistake, and looks for it where it must not be.
    const string Script = """
        import base64, hashlib, json, os, sys, urllib.parse
        given = json.load(sys.stdin)
        secret = given["password"]
        print("stderr: " + secret, file=sys.stderr)
        print("base64: " + base64.b64encode(secret.encode()).decode(), file=sys.stderr)
        print("url: " + urllib.parse.quote(secret, safe=""), file=sys.stderr)
        print("json: " + json.dumps(secret), file=sys.stderr)
        sys.stderr.write("split: " + secret[:9]); sys.stderr.flush(); sys.stderr.write(secret[9:] + "\n")
        public = [open("/proc/%s/%s" % (process, name), "rb").read() for process in ("self", os.getppid()) for name in ("cmdline", "environ")]
        json.dump({
            "user": given["user"],
            "sha256": hashlib.sha256(secret.encode()).hexdigest(),
            "is_public": any(secret.encode() in each for each in public),
            "echoed": secret,
        }, sys.stdout)
        """;

    readonly TestPack pack = new TestPack("e2e_secrets").Python("use", Script, Fields);
    readonly string secret = $"p\"ss/w?rd+{Guid.NewGuid():N} ü";

    static CancellationToken Soon => Waiting.SoonEnough;

    string Parameters => System.Text.Json.JsonSerializer.Serialize(new { user = "root", password = secret });

    public Task InitializeAsync() => pack.InstallAsync(main.Site.Client, Soon);

    public Task DisposeAsync()
    {
        pack.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_process_gets_the_secret_in_its_document_and_nowhere_else()
    {
        var execution = await main.Site.RunAsync("e2e_secrets.use", Parameters, Soon);

        Assert.Equal((ExecutionStatus.Completed, ""), (execution.Status, execution.Error?.Message ?? ""));
        var result = execution.Result.StructValue.Fields;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), result["sha256"].StringValue);
        Assert.False(result["is_public"].BoolValue);
    }

    [Fact]
    public async Task Log_and_result_and_api_show_stars()
    {
        var execution = await main.Site.RunAsync("e2e_secrets.use", Parameters, Soon);

        var log = await main.Site.ReadLogTextAsync(execution.Id, Soon);
        var errors = await main.Site.ReadLogTextAsync(execution.Id, Soon, LogStream.Stderr);
        Assert.Equal("stderr: ***\nbase64: ***\nurl: ***\njson: \"***\"\nsplit: ***\n", errors);
        foreach (var form in Forms())
            Assert.DoesNotContain(form, log);
        Assert.Equal("***", execution.Result.StructValue.Fields["echoed"].StringValue);
        Assert.Equal(("root", "***"), ShownOf(execution));

        var listed = await main.Site.Client.Executions.ListExecutionsAsync(new() { ActionRef = "e2e_secrets.use", Full = true });
        Assert.Equal(("root", "***"), ShownOf(listed.Executions.Single(each => each.Id == execution.Id)));
    }

    [Fact]
    public async Task The_database_and_the_logs_of_server_and_agent_never_hold_it_in_clear()
    {
        var execution = await main.Site.RunAsync("e2e_secrets.use", Parameters, Soon);

        await using var connection = await main.Site.Database.Db.OpenConnectionAsync(Soon);
        var config = await connection.QuerySingleAsync<string>("select config::text from execution where id = @Id", new { execution.Id });
        Assert.Contains("$secret", config);
        foreach (var table in await connection.QueryAsync<string>(
            "select tablename from pg_tables where schemaname = 'attune'"))
        {
            // Bytes are shown as hex.
            var rows = await connection.QueryAsync<string>($"select to_jsonb(t)::text from attune.\"{table}\" t");
            foreach (var form in Forms().SelectMany(form => (string[])[form, Convert.ToHexStringLower(Encoding.UTF8.GetBytes(form))]))
                Assert.DoesNotContain(rows, row => row.Contains(form, StringComparison.Ordinal));
        }

        foreach (var output in main.Site.Outputs)
            Assert.DoesNotContain(secret, output);
    }

    [Fact]
    public async Task A_rerun_carries_the_secret_over_without_showing_it()
    {
        var first = await main.Site.RunAsync("e2e_secrets.use", Parameters, Soon);

        var rerun = await main.Site.Client.Executions.RerunExecutionAsync(new() { ExecutionId = first.Id });
        Assert.Equal(("root", "***"), ShownOf(rerun.Execution));
        var second = await main.Site.EndAsync(rerun.Execution.Id, Soon);

        Assert.Equal(first.Id, second.RerunOfId);
        Assert.Equal(first.Result.StructValue.Fields["sha256"], second.Result.StructValue.Fields["sha256"]);
    }

    IEnumerable<string> Forms() =>
    [
        secret,
        Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)),
        Uri.EscapeDataString(secret),
        secret.Replace("\"", "\\\"", StringComparison.Ordinal),
    ];

    static (string User, string Password) ShownOf(Execution execution)
        => (execution.Parameters.Fields["user"].StringValue, execution.Parameters.Fields["password"].StringValue);
}
