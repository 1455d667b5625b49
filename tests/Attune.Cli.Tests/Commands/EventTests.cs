using System.Text.Json;
using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed class EventTests
{
    [Fact]
    public async Task An_emitted_event_is_its_id_on_stdout_and_its_fields_are_typed_by_the_trigger()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync(
            "event", "emit", "edge.alarm", "zone=5", "level=5", "paths=/a", "paths=/b", "--key", "k1", "--rule", "edge.page");

        Assert.Equal((0, "7\n"), (run.ExitCode, run.Output));
        Assert.Contains("started 2 executions: 41, 42", run.Errors);
        var asked = Assert.Single(bench.Plane.Events.Emitted);
        Assert.Equal(("edge.alarm", "k1", "edge.page"), (asked.TriggerRef, asked.IdempotencyKey, asked.RuleRef));
        Assert.Equal("""{ "zone": "5", "level": 5, "paths": [ "/a", "/b" ] }""", asked.Payload.ToString());
    }

    [Theory]
    [InlineData("inline", """{"zone": "edge", "level": 1}""", null)]
    [InlineData("stdin", "-", "zone: edge\nlevel: 1\n")]
    [InlineData("file", "@", null)]
    public async Task A_payload_comes_from_the_line_a_file_or_stdin_and_words_are_laid_over_it(string from, string given, string? input)
    {
        await using var bench = await CliBench.StartAsync();
        if (from is "file")
            given = $"@{bench.Write("payload.json", """{"zone": "edge", "level": 1}""")}";

        var run = await bench.RunAsync(input, ["event", "emit", "edge.open", "--payload", given, "level=2"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("""{ "zone": "edge", "level": 2 }""", Assert.Single(bench.Plane.Events.Emitted).Payload.ToString());
    }

    [Fact]
    public async Task A_field_that_the_trigger_does_not_have_is_refused_before_anything_is_sent()
    {
        await using var bench = await CliBench.StartAsync();

        var run = await bench.RunAsync("event", "emit", "edge.alarm", "zones=x");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("edge.alarm has no field 'zones'. Did you mean 'zone'?", run.Errors);
        Assert.Contains("attune trigger show edge.alarm", run.Errors);
        Assert.Empty(bench.Plane.Events.Emitted);
    }

    [Fact]
    public async Task An_event_that_was_there_is_said_to_be()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Events.Answer = new() { EventId = 7, Duplicate = true };

        var run = await bench.RunAsync("event", "emit", "edge.open", "--key", "k");

        Assert.Contains("was there already", run.Errors);
        Assert.Contains("started nothing", run.Errors);
    }

    [Fact]
    public async Task An_event_is_shown_with_the_fate_of_every_rule()
    {
        await using var bench = await CliBench.StartAsync();

        var shown = (await bench.RunAsync("event", "show", "7")).Output;

        Assert.Contains("edge.page: execution 3 of core.echo, failed (enforcement 1)", shown);
        Assert.Contains("edge.log: started nothing: payload has no 'host' (PARAMETERS_FAILED; enforcement 2)", shown);
        Assert.Contains("edge.off: disabled, started nothing (enforcement 3)", shown);
        Assert.Contains("edge.core_only: zone equals 'core': it is 'edge'", shown);
        Assert.Contains("and 59 more rules", shown);
    }

    [Fact]
    public async Task An_event_as_JSON_is_the_APIs_object()
    {
        await using var bench = await CliBench.StartAsync();

        var shown = JsonDocument.Parse((await bench.RunAsync("event", "show", "7", "-o", "json")).Output).RootElement;

        Assert.Equal("7", shown.GetProperty("id").GetString());
        Assert.Equal(3, shown.GetProperty("enforcements").GetArrayLength());
        Assert.Equal(0, bench.Plane.CountOf("ListExecutions"));
    }

    [Theory]
    [InlineData("404", "attune event list")]
    [InlineData("x", "attune event list")]
    public async Task No_such_event_says_where_to_look(string id, string hint)
    {
        await using var bench = await CliBench.StartAsync();

        var shown = await bench.RunAsync("event", "show", id);

        Assert.Equal(2, shown.ExitCode);
        Assert.Contains(hint, shown.Errors);
    }

    [Fact]
    public async Task Filters_of_events_and_enforcements_are_the_requests_fields()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("event", "list", "--trigger", "edge.alarm", "--origin", "webhook", "--origin", "timer", "--source", "edge.watch", "--since", "1h");
        await bench.RunAsync("enforcement", "list", "--rule", "edge.page", "--event", "7", "--status", "processed", "--failed");

        var events = Assert.Single(bench.Plane.Events.Listed);
        Assert.Equal(("edge.alarm", "edge.watch"), (events.TriggerRef, events.SourceRef));
        Assert.Equal([EventOrigin.Webhook, EventOrigin.Timer], events.Origins);
        Assert.NotNull(events.CreatedAfter);
        var enforcements = Assert.Single(bench.Plane.Events.ListedEnforcements);
        Assert.Equal(("edge.page", 7, true), (enforcements.RuleRef, enforcements.EventId, enforcements.Failed));
        Assert.Equal([EnforcementStatus.Processed], enforcements.Statuses);
    }

    [Fact]
    public async Task One_walks_from_an_execution_to_its_rule_and_event_and_back()
    {
        await using var bench = await CliBench.StartAsync();

        var execution = (await bench.RunAsync("execution", "show", "3")).Output;
        var enforcement = (await bench.RunAsync("enforcement", "show", "1")).Output;
        await bench.RunAsync("execution", "list", "--rule", "edge.page", "--event", "7");

        Assert.Contains("edge.page", execution);
        Assert.Contains("attune event show 7", execution);
        Assert.Contains("attune execution show 3", enforcement);
        Assert.Contains("attune event show 7", enforcement);
        var asked = Assert.Single(bench.Plane.Executions.Listed);
        Assert.Equal(("edge.page", 7), (asked.RuleRef, asked.EventId));
    }
}
