using Attune.Agent.Tests.Session;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Tests.Sensors;

public sealed class SensorTests : IAsyncLifetime
{
    SensorBench bench = null!;

    AgentStream Stream => bench.Stream;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    SensorAssignment Publish(string script, string sensorRef = "test.sensor") => SensorScript.Publish(bench.Plane, script, sensorRef);

    [Fact]
    public async Task The_first_line_is_the_configuration_with_the_rules_and_rule_changes_follow_without_a_restart()
    {
        var sensor = Publish(SensorScript.Echo).With(each =>
        {
            each.Config = ByteString.CopyFromUtf8("{\n  \"folder\": \"/srv\"\n}");
            each.Rules.Add([SensorScript.Rule("r.one", "{\"n\":1}"), SensorScript.Rule("r.two")]);
        });
        await Stream.AssignAsync(sensor);
        Assert.Equal(
            """{"type":"start","config":{"folder":"/srv"},"rules":[{"ref":"r.one","trigger":"test.said","trigger_params":{"n":1}},{"ref":"r.two","trigger":"test.said","trigger_params":{}}]}""",
            (await Stream.EventsAsync(1))[0].Text());
        var process = bench.Standing.ProcessId;

        await Stream.AssignAsync(sensor.With(each =>
        {
            each.Rules.Clear();
            each.Rules.Add([SensorScript.Rule("r.one", "{\"n\":2}"), SensorScript.Rule("r.three")]);
        }));

        Assert.Equal(
            [
                """{"type":"rule_removed","ref":"r.two"}""",
                """{"type":"rule_changed","rule":{"ref":"r.one","trigger":"test.said","trigger_params":{"n":2}}}""",
                """{"type":"rule_added","rule":{"ref":"r.three","trigger":"test.said","trigger_params":{}}}""",
            ],
            (await Stream.EventsAsync(4)).Skip(1).Select(each => each.Text()));
        Assert.Equal((process, SensorProcessState.Running), (bench.Standing.ProcessId, bench.Standing.State));
    }

    [Fact]
    public async Task An_assignment_that_changes_nothing_tells_the_process_nothing()
    {
        var sensor = Publish(SensorScript.Echo).With(each => each.Rules.Add(SensorScript.Rule("r.one")));
        await Stream.AssignAsync(sensor);
        await Stream.EventsAsync(1);
        await Stream.AssignAsync(sensor);
        await Stream.AssignAsync(sensor.With(each => each.Rules.Add(SensorScript.Rule("r.two"))));

        Assert.Equal(["start", "rule_added"], (await Stream.EventsAsync(2)).Select(each => each.Json().GetProperty("type").GetString()));
    }

    [Fact]
    public async Task A_new_generation_starts_the_process_anew_after_the_old_one_has_ended()
    {
        var sensor = Publish("echo $$ >&2; " + SensorScript.Echo);
        await Stream.AssignAsync(sensor);
        await Stream.EventsAsync(1);
        var first = bench.Standing.ProcessId;

        await Stream.AssignAsync(sensor.With(each =>
        {
            each.Generation = 2;
            each.Config = ByteString.CopyFromUtf8("{\"new\":true}");
        }));
        var events = await Stream.EventsAsync(3);
        await Soon.UntilAsync(() => bench.Standing is { Generation: 2, State: SensorProcessState.Running });

        Assert.Equal("""{"type":"stop"}""", events[1].Text());
        Assert.Equal("""{"type":"start","config":{"new":true},"rules":[]}""", events[2].Text());
        Assert.NotEqual(first, bench.Standing.ProcessId);
        Assert.False(SensorScript.Lives(first));
    }

    [Fact]
    public async Task Variables_are_those_of_an_action_as_far_as_they_fit_and_secrets_are_on_stdin_only()
    {
        var sensor = Publish("""
            for name in $(compgen -e); do printf '{"trigger":"test.said","payload":{"name":"%s","value":"%s"}}\n' "$name" "${!name}"; done
            printf '{"trigger":"test.said","payload":{"name":"_arguments","value":"%s"}}\n' "$*"
            read -r line
            printf '{"trigger":"test.said","payload":{"name":"_stdin","value":%s}}\n' "$line"
            cat >/dev/null
            """).With(each =>
        {
            each.Config = ByteString.CopyFromUtf8("""{"token":"hunter2-hunter2"}""");
            each.SecretConfig.Add("token");
        });
        await Stream.AssignAsync(sensor);
        while (Stream.Events().All(each => each.Json().GetProperty("name").GetString() != "_stdin"))
            await Stream.UntilAsync(message => message.SensorEvents.Count > 0);

        var seen = Stream.Events().ToDictionary(each => each.Json().GetProperty("name").GetString()!, each => each.Json().GetProperty("value").ToString());
        Assert.Equal(("test.sensor", "test", "http://127.0.0.1:7700"), (seen["ATTUNE_SENSOR"], seen["ATTUNE_PACK_REF"], seen["ATTUNE_API_URL"]));
        Assert.EndsWith("/lib", seen["FROM_RUNTIME"], StringComparison.Ordinal);
        Assert.All((string[])["PATH", "HOME", "LANG", "TZ", "TMPDIR"], name => Assert.NotEmpty(seen[name]));
        Assert.Contains("hunter2-hunter2", seen["_stdin"], StringComparison.Ordinal);
        Assert.DoesNotContain(seen, each => each.Key != "_stdin" && each.Value.Contains("hunter2", StringComparison.Ordinal));
        Assert.DoesNotContain("ATTUNE_EXEC_ID", seen.Keys);
    }

    [Fact]
    public async Task Secrets_of_the_configuration_are_masked_in_the_log_and_in_the_last_error()
    {
        var sensor = Publish("""
            echo "token is hunter2-hunter2" >&2
            echo 'oops hunter2-hunter2'
            echo "cannot sign in with hunter2-hunter2" >&2
            exit 3
            """).With(each =>
        {
            each.Config = ByteString.CopyFromUtf8("""{"account":{"token":"hunter2-hunter2"}}""");
            each.SecretConfig.Add("account.token");
        });
        await Stream.AssignAsync(sensor);

        var report = await Stream.ReportAsync(SensorProcessState.BackingOff);

        Assert.Equal("exit code 3: cannot sign in with ***", report.LastError);
        var log = await Stream.LogAsync("exit code 3");
        Assert.Contains("token is ***", log, StringComparison.Ordinal);
        Assert.Contains("It begins: oops ***", log, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_is_no_event_is_a_log_line_and_the_sensor_goes_on()
    {
        await Stream.AssignAsync(Publish("""
            echo 'starting up'
            echo '{"trigger":"test.sayd","payload":{}}'
            printf '{"trigger":"test.said","payload":{"a":"\xff"}}\n'
            printf '{"trigger":"test.said","payload":{"a":"\x00"}}\n'
            head -c 2000000 /dev/zero | tr '\0' 'x'; echo
            echo '{"trigger":"test.said","payload":{"n":1},"key":"k1","rule":"r.one"}'
            cat >/dev/null
            """));

        var only = Assert.Single(await Stream.EventsAsync(1));

        Assert.Equal((1L, "test.sensor", "test.said", "r.one", "k1", """{"n":1}"""), (only.Sequence, only.SensorRef, only.TriggerRef, only.RuleRef, only.IdempotencyKey, only.Text()));
        Assert.NotNull(only.OccurredAt);
        var log = await Stream.LogAsync("longer than 1 MiB");
        Assert.Equal(5, log.Split('\n').Length);
        Assert.Contains("It begins: starting up", log, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'test.said'?", log, StringComparison.Ordinal);
        Assert.Contains("not UTF-8", log, StringComparison.Ordinal);
        Assert.Contains("NUL", log, StringComparison.Ordinal);
        Assert.Equal(SensorProcessState.Running, bench.Standing.State);
    }

    [Fact]
    public async Task A_sensor_killed_in_the_middle_of_a_line_loses_only_that_line()
    {
        await Stream.AssignAsync(Publish("""
            printf '{"trigger":"test.said","payload":{"n":1}}\n{"trigger":"test.said","payl'
            echo ready >&2
            while read -r line; do :; done
            """));
        await Stream.EventsAsync(1);
        await Stream.LogAsync("ready");

        using (var kill = System.Diagnostics.Process.Start("kill", ["-KILL", $"{bench.Standing.ProcessId}"]))
            await kill.WaitForExitAsync(Soon.Enough);
        var report = await Stream.ReportAsync(SensorProcessState.BackingOff);

        Assert.Equal(("killed by SIGKILL: ready", 1), (report.LastError, report.FailuresInRow));
        Assert.Contains("It begins: {\"trigger\":\"test.said\",\"payl", await Stream.LogAsync("no event"), StringComparison.Ordinal);
        Assert.Equal("""{"n":1}""", Assert.Single(Stream.Events()).Text());
    }

    [Fact]
    public async Task A_sensor_that_cannot_be_started_is_a_failure_that_says_why()
    {
        await Stream.AssignAsync(
            Publish("true", "test.a").With(each => each.ReleaseDigest = new('0', 64)),
            Publish("true", "test.b").With(each => each.Runtime = new() { InterpreterBinary = "no-such-interpreter" }),
            Publish("true", "test.c").With(each => each.EntryPoint = "other.sh"));
        while (Stream.Read.SelectMany(each => each.SensorReports).Count(each => each.State == SensorProcessState.BackingOff) < 3)
            await Stream.UntilAsync(message => message.SensorReports.Count > 0);

        var errors = Stream.Read.SelectMany(each => each.SensorReports).Where(each => each.LastError.Length > 0).ToLookup(each => each.SensorRef, each => each.LastError);
        Assert.StartsWith("RELEASE_UNAVAILABLE:", errors["test.a"].First(), StringComparison.Ordinal);
        Assert.Contains("no program no-such-interpreter", errors["test.b"].First(), StringComparison.Ordinal);
        Assert.Contains("no file other.sh", errors["test.c"].First(), StringComparison.Ordinal);
    }
}
