using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed class RuleTests
{
    const string File = """
        ref: edge.page
        label: Page someone
        trigger: edge.alarm
        trigger_params: {interval: 5}
        conditions:
          all:
            - event.payload.zone == 'edge'
        action: core.echo
        action_params:
          message: "{{ event.payload.zone }}"
        enabled: false
        tags: [night]
        """;

    [Fact]
    public async Task A_rule_is_made_from_the_file_that_a_pack_would_have()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync("rule", "create", "-f", bench.Write("rule.yaml", File));

        Assert.Equal(0, made.ExitCode);
        var asked = Assert.Single(bench.Plane.Rules.Created);
        Assert.Equal(
            ("edge.page", "Page someone", "edge.alarm", "core.echo", false),
            (asked.Rule.Ref, asked.Rule.Label, asked.Rule.TriggerRef, asked.Rule.ActionRef, asked.Enabled));
        Assert.Equal("""{ "message": "{{ event.payload.zone }}" }""", asked.Rule.ActionParams.ToString());
        Assert.Equal("""{ "interval": 5 }""", asked.Rule.TriggerParams.ToString());
        Assert.Equal("""{ "all": [ "event.payload.zone == 'edge'" ] }""", asked.Rule.Conditions.ToString());
        Assert.Equal(["night"], asked.Rule.Tags);
    }

    [Fact]
    public async Task A_rule_is_made_from_options_and_its_parameters_are_typed_by_the_action_or_expressions()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync(
            "rule", "create", "edge.check", "--trigger", "edge.alarm", "--action", "edge.check", "--when", "event.payload.level == 3",
            "--when", "event.payload.zone == 'edge'", "--param", "host=5", "--param", "port=80", "--param", "ratio={{ event.payload.level / 2 }}",
            "--param", "paths={{ event.payload.paths }}", "--trigger-param", "interval=60");

        Assert.Equal(0, made.ExitCode);
        var asked = Assert.Single(bench.Plane.Rules.Created);
        Assert.True(asked.Enabled);
        Assert.Equal(
            """{ "host": "5", "port": 80, "ratio": "{{ event.payload.level / 2 }}", "paths": "{{ event.payload.paths }}" }""",
            asked.Rule.ActionParams.ToString());
        Assert.Equal("""{ "interval": 60 }""", asked.Rule.TriggerParams.ToString());
        Assert.Equal("""[ "event.payload.level == 3", "event.payload.zone == 'edge'" ]""", asked.Rule.Conditions.ToString());
    }

    [Theory]
    [InlineData("ref: edge.page\ntrigers: x\n", "a rule has no 'trigers'. Did you mean 'trigger'?")]
    [InlineData("ref: edge.page\nenabled: maybe\n", "enabled is to be true or false")]
    [InlineData("ref: edge.page\naction_params:\n  message: {{ x }}\n", "needs quotes")]
    [InlineData("ref: edge.page\n", "what it waits for (--trigger REF), what it runs (--action REF)")]
    [InlineData("- a\n", "is not a JSON or YAML object")]
    public async Task A_mistake_in_a_file_is_named_before_anything_is_sent(string text, string said)
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync("rule", "create", "-f", bench.Write("rule.yaml", text));

        Assert.Equal(2, made.ExitCode);
        Assert.Contains(said, made.Errors);
        Assert.Empty(bench.Plane.Rules.Created);
    }

    [Fact]
    public async Task An_update_names_what_it_changes_and_lays_a_parameter_over_the_others()
    {
        await using var bench = await CliBench.StartAsync();

        var updated = await bench.RunAsync("rule", "update", "edge.page", "--param", "host=after", "--label", "New");

        Assert.Equal(0, updated.ExitCode);
        var asked = Assert.Single(bench.Plane.Rules.Updated);
        Assert.Equal(["action_params", "label"], asked.UpdateMask.Paths.Order());
        Assert.Equal("""{ "host": "after", "port": 1 }""", asked.Rule.ActionParams.ToString());
        Assert.NotNull(asked.Rule.Updated);
    }

    [Fact]
    public async Task An_update_of_nothing_is_refused()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal(2, (await bench.RunAsync("rule", "update", "edge.page")).ExitCode);
        Assert.Empty(bench.Plane.Rules.Updated);
    }

    [Fact]
    public async Task A_rule_is_deleted_when_it_is_meant()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal(2, (await bench.RunAsync("rule", "delete", "edge.page")).ExitCode);
        Assert.Empty(bench.Plane.Rules.Deleted);
        Assert.Equal(0, (await bench.RunAsync("rule", "delete", "edge.page", "--yes")).ExitCode);
        Assert.Equal(["edge.page"], bench.Plane.Rules.Deleted);
    }

    [Fact]
    public async Task A_rule_is_shown_with_its_next_fires_its_misses_and_its_problems()
    {
        await using var bench = await CliBench.StartAsync();

        var shown = (await bench.RunAsync("rule", "show", "edge.page")).Output;

        Assert.Contains("2026-01-31 12:00:00 UTC", shown);
        Assert.Contains("policy latest, 1 fired late", shown);
        Assert.Contains("there is no action core.echo", shown);
        Assert.Contains("none: every event", shown);
    }

    [Fact]
    public async Task A_dry_run_says_what_would_be_sent_and_what_failed()
    {
        await using var bench = await CliBench.StartAsync();

        var tested = await bench.RunAsync("rule", "test", "edge.page", "--last", "2");

        Assert.Contains("Event 9 matches: core.echo would get\n  {\n    \"message\": \"hi\"\n  }\n", tested.Output);
        Assert.Contains("Event 8 does not match: zone equals 'core': it is 'edge'", tested.Output);
        Assert.Contains("1 of 2 events match", tested.Errors);
    }

    [Theory]
    [InlineData("edge.page", "", 0, 10)]
    [InlineData("edge.page", "--last 3", 0, 3)]
    [InlineData("edge.page", "--event 7", 7, 0)]
    public async Task A_dry_run_is_over_what_was_asked_for(string rule, string options, long eventId, int last)
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync(["rule", "test", rule, .. Words(options)]);

        var asked = Assert.Single(bench.Plane.Rules.Tested);
        Assert.Equal((rule, eventId, last, null), (asked.RuleRef, asked.EventId, asked.Last, asked.Payload));
    }

    [Fact]
    public async Task A_rule_that_is_not_saved_yet_is_tried_on_a_payload()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("rule", "test", "-f", bench.Write("rule.yaml", File), "--payload", """{"zone": "edge"}""");

        var asked = Assert.Single(bench.Plane.Rules.Tested);
        Assert.Equal(("", "edge.page", "core.echo"), (asked.RuleRef, asked.Rule.Ref, asked.Rule.ActionRef));
        Assert.Equal("""{ "zone": "edge" }""", asked.Payload.ToString());
    }

    [Theory]
    [InlineData("edge.page --event 7 --last 3")]
    [InlineData("")]
    public async Task A_dry_run_that_is_not_clear_is_refused(string options)
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal(2, (await bench.RunAsync(["rule", "test", .. Words(options)])).ExitCode);
        Assert.Empty(bench.Plane.Rules.Tested);
    }

    [Fact]
    public async Task Named_events_are_fired_again_without_asking()
    {
        await using var bench = await CliBench.StartAsync();

        var replayed = await bench.RunAsync("rule", "replay", "edge.page", "--event", "7", "--event", "8");

        Assert.Equal(0, replayed.ExitCode);
        Assert.Equal([7, 8], Assert.Single(bench.Plane.Rules.Replayed).EventIds);
        Assert.Equal(["EVENT  REPLAY OF  EXECUTION", "107    7          207", "108    8          208"], replayed.Output.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Events_that_are_searched_are_fired_again_oldest_first_and_only_when_it_is_meant()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Events.ListTotal = 5;

        Assert.Equal(2, (await bench.RunAsync("rule", "replay", "edge.page", "--last", "4")).ExitCode);
        Assert.Empty(bench.Plane.Rules.Replayed);
        Assert.Equal(0, (await bench.RunAsync("rule", "replay", "edge.page", "--last", "4", "--yes")).ExitCode);

        // 3 was meant for another rule.
        Assert.Equal([1, 2, 4, 5], Assert.Single(bench.Plane.Rules.Replayed).EventIds);
        Assert.All(bench.Plane.Events.Listed, each => Assert.DoesNotContain(EventOrigin.Replay, each.Origins));
        Assert.All(bench.Plane.Events.Listed, each => Assert.Equal("edge.alarm", each.TriggerRef));
    }

    static string[] Words(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
