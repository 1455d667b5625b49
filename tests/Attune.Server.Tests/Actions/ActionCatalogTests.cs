using Attune.Server.Actions;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Actions;

public sealed class ActionCatalogTests : IAsyncLifetime
{
    PackBench bench = null!;

    ActionCatalog Catalog => bench.Server.Services.GetRequiredService<ActionCatalog>();

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_definition_holds_all_that_starting_placing_and_running_need()
    {
        await bench.InstallAsync(bench.Archive("edge", "1.4.0", [], ("actions/check.py", ""), ("actions/check.yaml", """
            ref: edge.check
            runtime: core.python
            runtime_version: ">=3.9"
            entry_point: check.py
            parameters:
              host: {type: string, required: true}
              port: {type: integer, default: 443}
              key:  {type: string, secret: true}
            parameter_delivery: file
            parameter_format: yaml
            output_format: jsonl
            timeout_seconds: 30
            delivery: at_least_once
            retry: {max_attempts: 4, delay_seconds: 2.5, backoff: linear, max_delay_seconds: 9, on: [lost]}
            worker_labels: {zone: edge}
            permission_sets: [core.viewer]
            """)));

        var action = (await Catalog.FindAsync("edge.check", Waiting.SoonEnough))!;
        Assert.Equal(("core.python", ">=3.9", true, false, true), (action.RuntimeRef, action.RuntimeVersion, action.AtLeastOnce, action.IsWorkflow, action.Enabled));
        Assert.Equal(TimeSpan.FromSeconds(30), action.Timeout);
        Assert.Equal((4, TimeSpan.FromSeconds(2.5), "linear", TimeSpan.FromSeconds(9)), (action.Retry.MaxAttempts, action.Retry.Delay, action.Retry.Backoff, action.Retry.MaxDelay));
        Assert.Equal(["lost"], action.Retry.On);
        Assert.Equal("edge", action.WorkerLabels["zone"]);
        Assert.Equal(["core.viewer"], action.PermissionSets);
        Assert.Equal("""{"host":"a","port":443}"""u8.ToArray(), action.Parameters.Validate("""{"host":"a"}"""u8.ToArray()).Value.ToArray());

        var spec = action.Spec;
        Assert.Equal(("edge.check", "edge", "1.4.0", "actions/check.py"), (spec.ActionRef, spec.PackRef, spec.PackVersion, spec.EntryPoint));
        Assert.Equal((ParameterDelivery.File, ParameterFormat.Yaml, OutputFormat.Jsonl), (spec.ParameterDelivery, spec.ParameterFormat, spec.OutputFormat));
        Assert.Equal(["key"], spec.SecretParameters);
        Assert.Equal(action.ReleaseDigest, spec.ReleaseDigest);
        Assert.Equal(("python3", "virtualenv", "requirements.txt"), (spec.Runtime.InterpreterBinary, spec.Runtime.EnvironmentType, spec.Runtime.DependenciesManifest));
        Assert.Contains(spec.Runtime.EnvVars, variable => variable is { Name: "PYTHONPATH", Operation: "prepend", Value: "{pack_dir}/lib" });
        Assert.Contains(spec.Runtime.EnvVars, variable => variable is { Name: "PYTHONUNBUFFERED", Operation: "set", Value: "1" });
    }

    [Fact]
    public async Task What_an_action_leaves_out_has_its_default()
    {
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["a"]));
        var action = (await Catalog.FindAsync("edge.a", Waiting.SoonEnough))!;
        Assert.Equal((TimeSpan.FromSeconds(600), false, 1), (action.Timeout, action.AtLeastOnce, action.Retry.MaxAttempts));
        Assert.Equal((ParameterDelivery.Stdin, ParameterFormat.Json, OutputFormat.Text), (action.Spec.ParameterDelivery, action.Spec.ParameterFormat, action.Spec.OutputFormat));
    }

    [Fact]
    public async Task A_known_action_is_answered_from_memory()
    {
        var first = await Catalog.FindAsync("core.echo", Waiting.SoonEnough);
        var again = Catalog.FindAsync("core.echo", Waiting.SoonEnough);
        Assert.True(again.IsCompletedSuccessfully);
        Assert.Same(first, await again);
    }

    [Fact]
    public async Task What_is_installed_here_is_known_here_at_once_and_elsewhere_soon()
    {
        await using var other = await ServerBench.StartAsync(Waiting.SoonEnough, bench.Server);
        var elsewhere = other.Services.GetRequiredService<ActionCatalog>();
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["a"]));
        var old = (await elsewhere.FindAsync("edge.a", Waiting.SoonEnough))!;
        var digest = (await bench.InstallAsync(bench.Archive("edge", "2.0.0", ["a"]))).Pack.ReleaseDigest;

        Assert.NotEqual(old.ReleaseDigest, digest);
        Assert.Equal(digest, (await Catalog.FindAsync("edge.a", Waiting.SoonEnough))!.ReleaseDigest);
        await Waiting.UntilAsync(
            async () => (await elsewhere.FindAsync("edge.a", Waiting.SoonEnough))!.ReleaseDigest == digest, "the notification", Waiting.SoonEnough);

        await bench.Packs.RemovePackAsync(new() { Ref = "edge" });
        Assert.Null(await Catalog.FindAsync("edge.a", Waiting.SoonEnough));
        await Waiting.UntilAsync(async () => await elsewhere.FindAsync("edge.a", Waiting.SoonEnough) is null, "the notification", Waiting.SoonEnough);
    }

    [Fact]
    public async Task A_look_at_the_database_finds_what_no_notification_told()
    {
        var catalog = new ActionCatalog(new(bench.Server.Database.Db), new(bench.Server.Database.Db));
        var watch = new ActionCatalogWatch(
            catalog, new(bench.Server.Database.Db), null!, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ActionCatalogWatch>.Instance);
        var seen = await watch.LookAsync(null, Waiting.SoonEnough);
        var before = await catalog.FindAsync("core.echo", Waiting.SoonEnough);

        Assert.Equal(seen, await watch.LookAsync(seen, Waiting.SoonEnough));
        Assert.Same(before, await catalog.FindAsync("core.echo", Waiting.SoonEnough));

        await bench.ReadAsync<int>("update action set enabled = false where ref = 'core.echo'");
        Assert.NotEqual(seen, await watch.LookAsync(seen, Waiting.SoonEnough));
        Assert.False((await catalog.FindAsync("core.echo", Waiting.SoonEnough))!.Enabled);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("""{"operation": "update", "entity_type": "action"}""", true)]
    [InlineData("""{"operation": "update", "entity_type": "pack"}""", true)]
    [InlineData("""{"operation": "update", "entity_type": "runtime"}""", true)]
    [InlineData("""{"operation": "update", "entity_type": "worker"}""", false)]
    public void Only_what_concerns_actions_makes_it_forget(string? payload, bool expected)
        => Assert.Equal(expected, ActionCatalogWatch.IsAboutActions(payload));

    [Fact]
    public async Task An_older_release_is_run_as_it_was()
    {
        var old = (await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["a", "gone"]))).Pack.ReleaseDigest;
        await bench.InstallAsync(bench.Archive("edge", "2.0.0", [], ("actions/b.py", ""), ("actions/a.yaml", "ref: edge.a\nruntime: core.python\nentry_point: b.py\n")));

        var pinned = (await Catalog.SpecForAsync("edge.a", old, Waiting.SoonEnough))!;
        Assert.Equal(("actions/run.sh", "core.shell", "1.0.0", old), (pinned.EntryPoint, pinned.RuntimeRef, pinned.PackVersion, pinned.ReleaseDigest));
        Assert.Equal("bash", pinned.Runtime.InterpreterBinary);
        Assert.Same(pinned, await Catalog.SpecForAsync("edge.a", old, Waiting.SoonEnough));

        var current = (await Catalog.FindAsync("edge.a", Waiting.SoonEnough))!;
        Assert.Same(current.Spec, await Catalog.SpecForAsync("edge.a", current.ReleaseDigest, Waiting.SoonEnough));
        Assert.NotNull(await Catalog.SpecForAsync("edge.gone", old, Waiting.SoonEnough));
        Assert.Null(await Catalog.SpecForAsync("edge.gone", current.ReleaseDigest, Waiting.SoonEnough));
        Assert.Null(await Catalog.SpecForAsync("edge.a", new('0', 64), Waiting.SoonEnough));
    }

    [Fact]
    public async Task A_misspelled_action_has_a_nearest_one()
    {
        Assert.Equal("core.echo", await Catalog.NearestAsync("core.ehco", Waiting.SoonEnough));
        Assert.Null(await Catalog.NearestAsync("something.quite_different", Waiting.SoonEnough));
        Assert.Null(await Catalog.FindAsync("core.ehco", Waiting.SoonEnough));
    }

    [Fact]
    public async Task An_action_is_shown_as_its_file_has_it()
    {
        var action = (await bench.Actions.GetActionAsync(new() { Ref = "core.http_request" })).Action;
        Assert.Equal(("core", "core.python", ">=3.7", "actions/http_request.py"), (action.PackRef, action.RuntimeRef, action.RuntimeVersion, action.EntryPoint));
        Assert.True(action.Parameters.Fields["url"].StructValue.Fields["required"].BoolValue);
        Assert.Equal(["http"], action.Tags);
        Assert.Equal("ACTION_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.Actions.GetActionAsync(new() { Ref = "core.none" }).ResponseAsync)).Reason);
        Assert.Equal(["core.echo", "core.noop", "core.sleep"], (await bench.Actions.ListActionsAsync(new() { Tag = "test" })).Actions.Select(each => each.Ref));
    }
}
