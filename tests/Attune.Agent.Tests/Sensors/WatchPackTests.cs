using System.Net;
using System.Text.Json;
using Attune.Agent.Tests.Session;
using Attune.Packs;
using Attune.Packs.Archives;
using Attune.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Tests.Sensors;

/// <summary>The sensors of packs/examples/watch, as an agent runs them.</summary>
public sealed class WatchPackTests : IAsyncLifetime
{
    readonly string folder = Directory.CreateTempSubdirectory("attune-watch-").FullName;
    SensorBench bench = null!;

    AgentStream Stream => bench.Stream;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync()
    {
        await bench.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>As the server would assign it, with one rule.</summary>
    SensorAssignment Watch(string name, string config, object parameters)
    {
        var (files, reading) = PackReader.ReadDirectory(Path.Combine(Root(AppContext.BaseDirectory), "packs", "examples", "watch"));
        Assert.Empty(reading.Problems);
        var sensor = reading.Content!.Sensors.Single(each => each.Ref == $"watch.{name}");
        var archive = PackArchive.Write(files);
        var digest = PackArchive.DigestOf(archive);
        bench.Plane.Releases[digest] = archive;
        return new()
        {
            SensorRef = sensor.Ref,
            Generation = 1,
            PackRef = "watch",
            PackVersion = "1.0.0",
            ReleaseDigest = digest,
            EntryPoint = sensor.EntryPoint,
            RuntimeRef = "core.python",
            Runtime = new()
            {
                InterpreterBinary = "python3",
                InterpreterArgs = { "-u" },
                EnvVars = { new RuntimeEnvVar { Name = "PYTHONPATH", Value = "{pack_dir}/lib", Operation = "prepend" } },
            },
            Config = ByteString.CopyFromUtf8(config),
            TriggerRefs = { sensor.Triggers },
            Rules = { Rule(sensor.Triggers[0], parameters) },
        };
    }

    static SensorRule Rule(string trigger, object parameters, string ruleRef = "test.one")
        => new() { RuleRef = ruleRef, TriggerRef = trigger, TriggerParams = ByteString.CopyFrom(JsonSerializer.SerializeToUtf8Bytes(parameters)) };

    static string Root(string directory)
        => File.Exists(Path.Combine(directory, "Attune.sln")) ? directory : Root(Path.GetDirectoryName(directory)!);

    string[] Payloads(string field) => [.. Stream.Events().Select(each => each.Json().GetProperty(field).ToString())];

    [Fact]
    public void The_pack_is_right_and_its_sensors_are_small_enough_to_teach()
    {
        var (_, reading) = PackReader.ReadDirectory(Path.Combine(Root(AppContext.BaseDirectory), "packs", "examples", "watch"));

        Assert.Empty(reading.Problems);
        Assert.Equal((3, 3, 3), (reading.Content!.Sensors.Count, reading.Content.Triggers.Count, reading.Content.Rules.Count));
        Assert.All(
            reading.Content.Sensors,
            sensor => Assert.InRange(File.ReadLines(Path.Combine(Root(AppContext.BaseDirectory), "packs/examples/watch", sensor.EntryPoint!)).Count(), 1, 79));
    }

    [Fact]
    public async Task A_new_file_is_told_once_it_is_complete_and_hidden_or_other_names_are_not()
    {
        await Stream.AssignAsync(Watch("directory", """{"interval_seconds":0.05,"settle_seconds":1}""", new { folder, pattern = "*.csv" }));
        await Soon.UntilAsync(() => bench.Agent.Parts.Sensors.Standings is [{ State: SensorProcessState.Running }]);
        await File.WriteAllTextAsync(Path.Combine(folder, ".hidden.csv"), "x");
        await File.WriteAllTextAsync(Path.Combine(folder, "other.txt"), "x");
        using var enough = new CancellationTokenSource();
        var slow = Path.Combine(folder, "slow.csv");
        var writing = Task.Run(() => Fill(slow, enough.Token));
        await Soon.UntilAsync(() => File.Exists(slow));
        await File.WriteAllTextAsync(Path.Combine(folder, "complete.csv"), "12");

        // By the time that a file as old has settled, the one that still grows has not.
        await Stream.EventsAsync(1);
        Assert.Equal(["complete.csv"], Payloads("name"));
        await enough.CancelAsync();
        var size = await writing;
        await Stream.EventsAsync(2);
        File.Move(Path.Combine(folder, ".hidden.csv"), Path.Combine(folder, "third.csv"));
        var events = await Stream.EventsAsync(3);

        Assert.Equal(["complete.csv", "slow.csv", "third.csv"], Payloads("name"));
        Assert.Equal(["2", $"{size}", "1"], Payloads("size_bytes"));
        Assert.All(events, each => Assert.Equal(("watch.file_added", "test.one"), (each.TriggerRef, each.RuleRef)));
        Assert.Equal(3, events.Select(each => each.IdempotencyKey).Distinct().Count());
    }

    static long Fill(string path, CancellationToken enough)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        while (!enough.IsCancellationRequested)
            file.Write("0123456789"u8);
        return file.Length;
    }

    [Fact]
    public async Task After_a_restart_the_same_file_has_the_same_key_and_a_changed_one_another()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "one.csv"), "1");
        var sensor = Watch("directory", """{"interval_seconds":0.05,"settle_seconds":0.1}""", new { folder });
        await Stream.AssignAsync(sensor);
        await Stream.EventsAsync(1);
        await Stream.AssignAsync(sensor.With(each => each.Generation = 2));
        await Stream.EventsAsync(2);
        await File.WriteAllTextAsync(Path.Combine(folder, "one.csv"), "12");
        var keys = (await Stream.EventsAsync(3)).Select(each => each.IdempotencyKey).ToList();

        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[1], keys[2]);
    }

    [Fact]
    public async Task A_rule_that_comes_later_is_followed_without_a_restart_and_a_missing_folder_is_logged_once()
    {
        var second = Path.Combine(folder, "second");
        var sensor = Watch("directory", """{"interval_seconds":0.05,"settle_seconds":0}""", new { folder });
        await Stream.AssignAsync(sensor);
        await Soon.UntilAsync(() => bench.Agent.Parts.Sensors.Standings is [{ State: SensorProcessState.Running }]);
        var process = bench.Standing.ProcessId;
        await Stream.AssignAsync(sensor.With(each => each.Rules.Add(Rule("watch.file_added", new { folder = second }, "test.two"))));
        await Stream.LogAsync("No such file or directory");
        Directory.CreateDirectory(second);
        await Stream.LogAsync("works again");
        await File.WriteAllTextAsync(Path.Combine(second, "a"), "");

        Assert.Equal("test.two", Assert.Single(await Stream.EventsAsync(1)).RuleRef);
        Assert.Equal(process, bench.Standing.ProcessId);
        Assert.Single(Stream.Log().Split('\n'), line => line.Contains("No such file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Matching_lines_are_told_through_both_ways_of_rotation_and_half_lines_wait()
    {
        var log = Path.Combine(folder, "app.log");
        await File.WriteAllTextAsync(log, "error zero\n");
        await Stream.AssignAsync(Watch("log_tail", """{"interval_seconds":0.05}""", new { file = log, pattern = "error (?P<what>\\w+)", from = "start" }));
        await Stream.EventsAsync(1);

        await File.AppendAllTextAsync(log, "fine\nerror one\nerror tw");
        await Stream.EventsAsync(2);
        await File.AppendAllTextAsync(log, "o\nerror three\n");
        File.Move(log, log + ".1");
        await File.AppendAllTextAsync(log + ".1", "error four\n");
        await File.WriteAllTextAsync(log, "error five\n");
        await Stream.EventsAsync(6);
        await File.WriteAllTextAsync(log, "error 6\n");
        var events = await Stream.EventsAsync(7);

        Assert.Equal(["zero", "one", "two", "three", "four", "five", "6"], events.Select(each => each.Json().GetProperty("groups").GetProperty("what").GetString()));
        Assert.Equal(7, events.Select(each => each.IdempotencyKey).Distinct().Count());
        Assert.Equal("error two", events[2].Json().GetProperty("line").GetString());
    }

    [Fact]
    public async Task A_rule_begins_at_the_files_end_and_a_wrong_pattern_is_logged_and_disturbs_no_other_rule()
    {
        var log = Path.Combine(folder, "app.log");
        await File.WriteAllTextAsync(log, "old error\n");
        var sensor = Watch("log_tail", """{"interval_seconds":0.05}""", new { file = log, pattern = "(" });
        await Stream.AssignAsync(sensor.With(each => each.Rules.Add(Rule("watch.line_matched", new { file = log, pattern = "error|mark" }, "test.two"))));
        await Stream.LogAsync("pattern:");
        await Soon.UntilAsync(() =>
        {
            File.AppendAllText(log, "mark\n");
            return bench.Agent.Events.WaitingEvents > 0;
        });

        var first = (await Stream.EventsAsync(1))[0];

        Assert.Equal(("test.two", "mark"), (first.RuleRef, first.Json().GetProperty("line").GetString()));
    }

    [Fact]
    public async Task A_page_is_told_when_its_content_has_changed_and_not_when_only_its_tag_has()
    {
        var (body, tag, asked, notModified) = ("one", "\"1\"", 0, 0);
        await using var site = Build(WebApplication.CreateSlimBuilder());
        site.MapGet("/", (HttpContext context) =>
        {
            Interlocked.Increment(ref asked);
            context.Response.Headers.ETag = tag;
            if (context.Request.Headers.IfNoneMatch == tag)
            {
                Interlocked.Increment(ref notModified);
                return Results.StatusCode(StatusCodes.Status304NotModified);
            }

            return body == "" ? Results.StatusCode(StatusCodes.Status503ServiceUnavailable) : Results.Text(body);
        });
        await site.StartAsync();
        await Stream.AssignAsync(Watch("http_poll", """{"interval_seconds":0.05}""", new { url = site.Urls.Single() + "/", interval_seconds = 0.05 }));
        await Soon.UntilAsync(() => notModified > 0);

        (tag, var before) = ("\"2\"", asked);
        await Soon.UntilAsync(() => asked > before + 2);
        (body, tag) = ("two", "\"3\"");
        await Stream.EventsAsync(1);
        (body, tag) = ("", "\"4\"");
        await Stream.LogAsync("HTTP 503");
        (body, tag) = ("three", "\"5\"");
        var events = await Stream.EventsAsync(2);

        Assert.Equal(["3", "5"], Payloads("size_bytes"));
        Assert.Equal(events[0].Json().GetProperty("sha256").GetString(), events[1].Json().GetProperty("previous_sha256").GetString());
        Assert.All(events, each => Assert.Equal(("watch.content_changed", ""), (each.TriggerRef, each.IdempotencyKey)));
        await Stream.LogAsync("works again");
    }

    [Fact]
    public async Task An_address_that_cannot_be_asked_is_logged_and_the_other_pages_are_watched_on()
    {
        var asked = 0;
        await using var site = Build(WebApplication.CreateSlimBuilder());
        site.MapGet("/", () => Results.Text($"{Interlocked.Increment(ref asked)}"));
        await site.StartAsync();
        var address = site.Urls.Single() + "/";

        await Stream.AssignAsync(Watch("http_poll", """{"interval_seconds":0.05}""", new { url = address + "a b", interval_seconds = 0.05 })
            .With(each => each.Rules.Add(Rule("watch.content_changed", new { url = address, interval_seconds = 0.05 }, "test.two"))));

        Assert.All(await Stream.EventsAsync(2), each => Assert.Equal("test.two", each.RuleRef));
        Assert.Contains("control characters", await Stream.LogAsync("a b: "), StringComparison.Ordinal);
    }

    static WebApplication Build(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        return builder.Build();
    }
}
