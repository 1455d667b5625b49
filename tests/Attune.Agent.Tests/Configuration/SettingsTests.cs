using Attune.Agent.Configuration;
using Attune.V1;

namespace Attune.Agent.Tests.Configuration;

public sealed class SettingsTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("attune-settings-").FullName;
    readonly Dictionary<string, string> environment = new() { ["HOME"] = "/home/someone" };

    public void Dispose() => Directory.Delete(folder, recursive: true);

    (AgentSettings? Settings, IReadOnlyList<SettingError> Errors) Read(params string[] arguments)
    {
        SettingsReader.TryRead(CommandLine.Parse(arguments), environment.GetValueOrDefault, out var settings, out var errors);
        return (settings, errors);
    }

    string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    AgentSettings Good(params string[] arguments)
    {
        var (settings, errors) = Read(arguments);
        Assert.Empty(errors);
        return settings!;
    }

    [Fact]
    public void Flags_are_read_in_both_spellings()
    {
        var settings = Good(
            "--server", "https://attune.example.com:7700", "--name=web-1", "--role", "hybrid", "--type", "container", "--slots", "8",
            "--label", "zone=a", "--label=os=linux", "--stop-grace", "5m", "--spool-limit", "1", "--state-dir", "/tmp/agent");

        Assert.Equal("https://attune.example.com:7700/", settings.Server.ToString());
        Assert.Equal(("web-1", WorkerRole.Hybrid, WorkerType.Container, 8), (settings.Name, settings.Role, settings.Type, settings.Slots));
        Assert.Equal(("a", "linux"), (settings.Labels["zone"], settings.Labels["os"]));
        Assert.Equal((TimeSpan.FromMinutes(5), 1L << 20, "/tmp/agent"), (settings.StopGrace, settings.SpoolLimitBytes, settings.StateDirectory));
    }

    [Fact]
    public void Flags_win_over_the_environment_and_that_over_the_file()
    {
        var file = Write("config.json", """
            { "server": "https://file:1", "name": "from-file", "slots": 3, "labels": { "from": "file" } }
            """);
        environment["ATTUNE_AGENT_NAME"] = "from-environment";
        environment["ATTUNE_AGENT_LABELS"] = "from=environment,also=this";
        environment["ATTUNE_AGENT_SERVER"] = "https://environment:1";

        var settings = Good("--config", file, "--server", "https://flag:1");

        Assert.Equal(("flag", "from-environment", 3), (settings.Server.Host, settings.Name, settings.Slots));
        Assert.Equal(["also", "from"], settings.Labels.Keys.Order());
    }

    [Fact]
    public void Without_more_than_a_server_everything_has_a_default()
    {
        environment["XDG_STATE_HOME"] = "/state";

        var settings = Good("--server", "http://127.0.0.1:7700", "--name", "n");

        Assert.Equal(Math.Max(2, Environment.ProcessorCount * 2), settings.Slots);
        Assert.Equal((WorkerRole.Action, WorkerType.Remote, 256L << 20), (settings.Role, settings.Type, settings.SpoolLimitBytes));
        Assert.Equal("/state/attune-agent/n", AgentSettings.DefaultStateDirectory("n", isRoot: false, environment.GetValueOrDefault));
        Assert.Equal("/var/lib/attune-agent", AgentSettings.DefaultStateDirectory("n", isRoot: true, environment.GetValueOrDefault));
    }

    [Fact]
    public void Every_mistake_is_told_at_once_with_its_setting_and_a_way_out()
    {
        var file = Write("config.json", """{ "slotz": 1, "role": ["action"] }""");

        var (_, errors) = Read(
            "--config", file, "--server", "attune", "--name", "Has Spaces", "--slots", "0", "--label", "nokey", "--type", "magic",
            "--stop-grace", "soon", "--ca-file", "/no/such/file", "--frobnicate", "1");

        var told = string.Join('\n', errors);
        foreach (var setting in (string[])["slotz", "role", "--server", "--name", "--slots", "--label", "--type", "--stop-grace", "--ca-file", "--frobnicate"])
            Assert.Contains(errors, error => error.Setting.Contains(setting, StringComparison.Ordinal) && error.Fix.Length > 0);
        Assert.Contains("ATTUNE_AGENT_SLOTS", told, StringComparison.Ordinal);
        Assert.Equal(10, errors.Count);
    }

    [Theory]
    [InlineData("http://attune.example.com:7700", "in clear")]
    [InlineData("http://10.0.0.1:7700", "in clear")]
    [InlineData("https://user:pw@host:7700", "a user or a password")]
    [InlineData("ftp://host", "is not an address")]
    [InlineData("https://host/path", "is not an address")]
    public void A_server_that_cannot_be_used_is_refused_with_the_reason(string server, string reason)
    {
        var (_, errors) = Read("--server", server, "--name", "n");

        Assert.Contains(reason, Assert.Single(errors).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("pw", errors[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7700")]
    [InlineData("http://127.8.8.8:1")]
    [InlineData("http://localhost:7700")]
    [InlineData("http://[::1]:7700")]
    [InlineData("https://10.0.0.1:7700")]
    public void Clear_text_is_for_this_machine_and_tls_for_any(string server) => Good("--server", server, "--name", "n");

    [Fact]
    public void A_missing_server_is_said_to_be_missing()
        => Assert.Contains("is missing", Assert.Single(Read("--name", "n").Errors).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_json_is_told_and_not_thrown()
        => Assert.Contains(Read("--config", Write("bad.json", "{"), "--server", "https://h").Errors, error => error.Setting == "--config");

    [Fact]
    public void Flags_without_a_value_or_given_twice_are_mistakes()
    {
        var (_, errors) = Read("--server", "https://h", "--server", "https://g", "--slots");

        Assert.Equal(["--server is given more than once", "--slots has no value"], errors.Select(each => $"{each.Setting} {each.Reason}").Order());
    }

    [Fact]
    public async Task The_join_token_may_come_from_a_file_or_the_environment_and_is_never_printed()
    {
        environment["ATTUNE_AGENT_JOIN_TOKEN"] = "atj_from_environment";
        var fromEnvironment = Good("--server", "https://h", "--name", "n");
        Assert.Equal("atj_from_environment", await fromEnvironment.JoinToken.ReadAsync(CancellationToken.None));
        Assert.DoesNotContain("atj_", fromEnvironment.ToString(), StringComparison.Ordinal);

        environment.Remove("ATTUNE_AGENT_JOIN_TOKEN");
        var fromFile = Good("--server", "https://h", "--name", "n", "--join-token-file", Write("token", "atj_from_file\n"));
        Assert.Equal("atj_from_file", await fromFile.JoinToken.ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("run", "")]
    [InlineData("status", "status")]
    [InlineData("detect", "detect -o json")]
    [InlineData("help", "status --help")]
    [InlineData("version", "--version")]
    public void The_verb_is_run_unless_another_is_named(string verb, string arguments)
    {
        var commandLine = CommandLine.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(verb, commandLine.Verb);
        Assert.Empty(commandLine.Errors);
    }

    [Fact]
    public void The_help_names_every_flag_and_every_exit_status()
    {
        Assert.All(Setting.All, setting => Assert.Contains($"--{setting.Flag} ", Usage.Text, StringComparison.Ordinal));
        Assert.Contains("66 refused", Usage.Text, StringComparison.Ordinal);
    }
}
