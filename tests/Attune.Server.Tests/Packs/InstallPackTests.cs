using Attune.Packs.Archives;
using Attune.Server.Packs;
using Attune.Testing;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Packs;

public sealed class InstallPackTests : IAsyncLifetime
{
    PackBench bench = null!;

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task The_built_in_pack_is_there_when_the_server_listens()
    {
        var core = (await bench.Packs.GetPackAsync(new() { Ref = "core" })).Pack;
        Assert.True(core.IsStandard);
        Assert.Equal("auto", core.InstallationMethod);
        Assert.Equal(["core.echo", "core.http_request", "core.noop", "core.shell", "core.sleep"], await bench.ActionsOfAsync("core"));
        Assert.Equal(3, await bench.ReadAsync<int>("select cardinality(triggers) from sensor where ref = 'core.timer_sensor'"));
        Assert.Equal("""[{"actions": ["*"], "resource": "*"}]""", await bench.ReadAsync<string>("select grants::text from permission_set where ref = 'core.admin'"));
    }

    [Fact]
    public async Task A_pack_that_is_installed_has_all_its_parts()
    {
        var installed = await bench.InstallAsync(bench.Archive("edge", "1.4.0", ["check"],
            ("triggers/t.yaml", "ref: edge.t\nlabel: T\noutput: {host: {type: string}}\n"),
            ("sensors/s.yaml", "ref: edge.s\nruntime: core.shell\nentry_point: s.sh\ntriggers: [edge.t, core.crontimer]\nconfig: {}\n"),
            ("sensors/s.sh", "echo\n"),
            ("rules/r.yaml", "ref: edge.r\ntrigger: edge.t\naction: edge.check\nconditions: {all: [{field: host, operator: equals, value: a}]}\n"),
            ("policies/p.yaml", "ref: edge.p\nname: P\naction: edge.check\nparameters: [host]\nconcurrency: {limit: 2}\nrate: {limit: 10, window_seconds: 60}\n"),
            ("policies/q.yaml", "ref: edge.q\nname: Q\npack: edge\nconcurrency: {limit: 5, method: cancel}\n"),
            ("permission_sets/a.yaml", "ref: edge.a\ngrants: [{resource: inquiries, actions: [read], constraints: {packs: [edge]}}]\n"),
            ("runtimes/x.yaml", "ref: edge.x\nname: X\naliases: [ex]\ndistributions: {verification: {always_available: true}}\n"),
            ("actions/flow.yaml", "ref: edge.flow\nworkflow_file: workflows/flow.workflow.yaml\n"),
            ("actions/workflows/flow.workflow.yaml", "version: 2.0.0\ntasks:\n  a: {action: core.echo}\n")));

        Assert.True(installed.Changed);
        Assert.Equal(
            ["permission_set edge.a", "runtime edge.x", "trigger edge.t", "action edge.check", "action edge.flow", "policy edge.p", "policy edge.q", "rule edge.r", "sensor edge.s"],
            installed.InstalledRefs);
        Assert.Equal(("edge", "1.4.0", "api", "admin"), (installed.Pack.Ref, installed.Pack.Version, installed.Pack.InstallationMethod, installed.Pack.InstalledByLogin));

        Assert.True(await bench.ReadAsync<bool>("select runtime is not null and release_digest = @digest from action where ref = 'edge.check'", new { digest = installed.Pack.ReleaseDigest }));
        Assert.Equal("a", await bench.ReadAsync<string>("select w.definition #>> '{tasks,0,name}' from workflow_definition w join action a on a.workflow_def = w.id where a.ref = 'edge.flow' and w.version = '2.0.0'"));
        Assert.Equal("edge.t", await bench.ReadAsync<string>("select t.ref from sensor s join trigger t on t.id = s.trigger where s.ref = 'edge.s'"));
        Assert.True(await bench.ReadAsync<bool>("select action is not null and trigger is not null from rule where ref = 'edge.r'"));
        Assert.Equal("2 enqueue 10 60 enqueue", await bench.ReadAsync<string>("select concat_ws(' ', threshold, method, rate_limit, rate_window_seconds, rate_method) from policy where ref = 'edge.p' and pack is null and action is not null"));
        Assert.Equal("cancel", await bench.ReadAsync<string>("select method::text from policy where ref = 'edge.q' and pack is not null"));
    }

    [Fact]
    public async Task The_same_content_again_changes_nothing()
    {
        var archive = bench.Archive("edge", "1.0.0", ["a"]);
        var first = await bench.InstallAsync(archive);
        var before = await bench.ReadAsync<string>("select string_agg(xmin::text, ' ' order by ref) from action");
        var again = await bench.InstallAsync(archive);

        Assert.False(again.Changed);
        Assert.Equal(first.Pack, again.Pack);
        Assert.Equal(first.InstalledRefs, again.InstalledRefs);
        Assert.Equal(before, await bench.ReadAsync<string>("select string_agg(xmin::text, ' ' order by ref) from action"));
    }

    [Fact]
    public async Task An_upgrade_keeps_ids_and_takes_away_what_vanished_but_not_what_was_made_by_hand()
    {
        const string Trigger = "ref: edge.t\nlabel: T\n";
        const string Policy = "ref: edge.p\nname: P\nconcurrency: {limit: 2}\n";
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["kept", "gone"], ("triggers/t.yaml", Trigger), ("policies/p.yaml", Policy)));
        var id = await bench.ReadAsync<long>("select id from action where ref = 'edge.kept'");
        await bench.ReadAsync<int>("insert into action (ref, pack, pack_ref, label, is_adhoc) select 'edge.mine', id, ref, 'mine', true from pack where ref = 'edge'");
        await bench.ReadAsync<int>("insert into execution (action, action_ref) select id, ref from action where ref = 'edge.gone'");

        var upgraded = await bench.InstallAsync(bench.Archive("edge", "1.1.0", ["kept", "new"]));

        Assert.Equal(["action edge.gone", "trigger edge.t", "policy edge.p"], upgraded.RemovedRefs);
        Assert.Equal(["edge.kept", "edge.mine", "edge.new"], await bench.ActionsOfAsync("edge"));
        Assert.Equal(id, await bench.ReadAsync<long>("select id from action where ref = 'edge.kept' and label = 'kept 1.1.0'"));
        Assert.Equal("edge.gone", await bench.ReadAsync<string>("select action_ref from execution where action is null"));
        Assert.Equal(0, await bench.ReadAsync<int>("select count(*) from policy"));
    }

    [Fact]
    public async Task An_action_may_become_a_workflow_and_a_program_again()
    {
        var program = bench.Archive("edge", "1.0.0", ["a"]);
        var workflow = bench.Archive("edge", "2.0.0", [],
            ("actions/a.yaml", "ref: edge.a\nworkflow_file: workflows/a.workflow.yaml\n"),
            ("actions/workflows/a.workflow.yaml", "tasks: [{name: x, action: core.noop}]\n"));

        await bench.InstallAsync(program);
        await bench.InstallAsync(workflow);
        Assert.True((await bench.Actions.GetActionAsync(new() { Ref = "edge.a" })).Action.IsWorkflow);
        await bench.InstallAsync(program);
        Assert.False((await bench.Actions.GetActionAsync(new() { Ref = "edge.a" })).Action.IsWorkflow);
        Assert.Equal(0, await bench.ReadAsync<int>("select count(*) from workflow_definition"));
        Assert.Equal(2, (await bench.Packs.ListPackReleasesAsync(new() { Ref = "edge" })).Releases.Count);
    }

    [Fact]
    public async Task An_operators_configuration_survives_an_upgrade_and_secrets_are_never_shown()
    {
        await bench.InstallAsync(With("1.0.0", "region: eu\n  retries: 3"));
        await bench.ReadAsync<int>("""update pack set config = config || '{"region": "us", "token": "hunter2"}' where ref = 'edge'""");
        var upgraded = await bench.InstallAsync(With("1.1.0", "region: asia\n  retries: 5"));

        Assert.Equal("us", upgraded.Pack.Config.Fields["region"].StringValue);
        Assert.Equal(5, upgraded.Pack.Config.Fields["retries"].NumberValue);
        Assert.Equal("***", upgraded.Pack.Config.Fields["token"].StringValue);
        Assert.Equal("hunter2", await bench.ReadAsync<string>("select config ->> 'token' from pack where ref = 'edge'"));

        byte[] With(string version, string config) => bench.Archive("edge", version, [], ("pack.yaml",
            $"ref: edge\nversion: {version}\nconf_schema:\n  region: {{type: string}}\n  retries: {{type: integer}}\n  token: {{type: string, secret: true}}\nconfig:\n  {config}\n"));
    }

    [Fact]
    public async Task A_bad_pack_is_refused_whole_with_every_mistake()
    {
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("edge", "1.0.0", ["good"],
            ("actions/bad.yaml", "ref: edge.bad\nruntime: core.shel\nentry_point: none.sh\n"),
            ("rules/r.yaml", "ref: edge.r\ntrigger: edge.none\naction: core.echo\n"))));

        Assert.Equal((StatusCode.InvalidArgument, "PACK_INVALID"), (refusal.Code, refusal.Reason));
        Assert.Equal(["actions/bad.yaml:3 entry_point", "rules/r.yaml:2 trigger"], refusal.Violations.Select(violation => violation.Field));
        Assert.Equal(0, await bench.ReadAsync<int>("select count(*) from pack where ref = 'edge'"));
    }

    [Fact]
    public async Task What_a_pack_names_in_other_packs_must_be_there()
    {
        var archive = bench.Archive("edge", "1.0.0", [],
            ("actions/a.yaml", "ref: edge.a\nruntime: core.ruby\nentry_point: a.rb\n"), ("actions/a.rb", ""),
            ("sensors/s.yaml", "ref: edge.s\nruntime: core.shell\nentry_point: s.sh\ntriggers: [other.thing]\n"), ("sensors/s.sh", "echo\n"));
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(archive));
        Assert.Equal(["actions/a.yaml:2 runtime", "sensors/s.yaml:4 triggers"], refusal.Violations.Select(violation => violation.Field));

        var seen = await bench.CheckAsync(archive);
        Assert.Equal(("edge", "1.0.0"), (seen.PackRef, seen.Version));
        Assert.Equal(["There is no runtime 'core.ruby'; install the pack that has it first.", "There is no trigger 'other.thing'; install the pack that has it first."], seen.Problems.Select(problem => problem.Message));
    }

    [Fact]
    public async Task What_a_workflow_calls_in_other_packs_must_be_there_and_take_what_it_gives()
    {
        var seen = await bench.CheckAsync(bench.Archive("edge", "1.0.0", ["probe"],
            ("actions/flow.yaml", "ref: edge.flow\nworkflow_file: workflows/flow.workflow.yaml\n"),
            ("actions/workflows/flow.workflow.yaml", """
                tasks:
                  probe: {action: edge.probe, next: [{do: [wait, gone, ask]}]}
                  wait:
                    action: core.sleep
                    input: {seconds: "long", second: 1}
                  gone: {action: core.slep}
                  ask: {inquiry: {prompt: "?", assignees: {permission_sets: [core.editor, core.nobody]}}}
                """)));

        Assert.Equal(
            [
                "actions/workflows/flow.workflow.yaml:6 tasks.gone.action: There is no action 'core.slep'; install the pack that has it first.",
                "actions/workflows/flow.workflow.yaml:7 tasks.ask.inquiry.assignees.permission_sets[1]: There is no permission set 'core.nobody'; install the pack that has it first.",
                "actions/workflows/flow.workflow.yaml:5 tasks.wait.input.seconds: must be a number, not a string.",
                "actions/workflows/flow.workflow.yaml:5 tasks.wait.input.second: is not known. Did you mean 'seconds'?",
            ],
            seen.Problems.Select(problem => $"{problem.File}:{problem.Line} {problem.Field}: {problem.Message}"));
    }

    [Theory]
    [InlineData("core: \">=9\"", "needs pack 'core' >=9; installed is 1.1.0.")]
    [InlineData("missing: \"*\"", "needs pack 'missing' *, which is not installed.")]
    public async Task A_dependency_must_be_there_in_a_version_that_will_do(string dependency, string expected)
    {
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("edge", "1.0.0", [],
            ("pack.yaml", $"ref: edge\nversion: 1.0.0\ndependencies: {{{dependency}}}\n"))));
        Assert.Equal((StatusCode.FailedPrecondition, "DEPENDENCY_MISSING"), (refusal.Code, refusal.Reason));
        Assert.Equal(expected, Assert.Single(refusal.Violations).Description);
    }

    [Fact]
    public async Task A_part_is_not_written_over_something_made_by_hand()
    {
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", []));
        await bench.ReadAsync<int>("insert into action (ref, pack, pack_ref, label, is_adhoc) select 'edge.a', id, ref, 'mine', true from pack where ref = 'edge'");
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("edge", "1.1.0", ["a"])));
        Assert.Equal("An ad-hoc action edge.a exists; delete it or name the pack's one differently.", Assert.Single(refusal.Violations).Description);
    }

    [Fact]
    public async Task What_is_no_archive_or_too_large_is_refused()
    {
        Assert.Equal("ARCHIVE_INVALID", (await RefusedCall.OfAsync(() => bench.InstallAsync([1, 2, 3]))).Reason);
        Assert.Equal("ARCHIVE_INVALID", (await RefusedCall.OfAsync(() => bench.InstallAsync([]))).Reason);
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(new byte[PackFiles.MaxBytes + 1]));
        Assert.Equal((StatusCode.ResourceExhausted, "ARCHIVE_TOO_LARGE"), (refusal.Code, refusal.Reason));
    }

    [Fact]
    public async Task A_pack_of_ten_thousand_actions_is_installed_and_listed_page_by_page()
    {
        var names = Enumerable.Range(0, 10_000).Select(number => $"a{number:00000}").ToArray();
        var installed = await bench.InstallAsync(bench.Archive("edge", "1.0.0", names));
        Assert.Equal(10_000, installed.InstalledRefs.Count);

        var seen = new List<string>();
        var token = "";
        do
        {
            var page = await bench.Actions.ListActionsAsync(new() { PackRef = "edge", PageSize = 999, PageToken = token });
            seen.AddRange(page.Actions.Select(action => action.Ref));
            token = page.NextPageToken;
        }
        while (token is not "");
        Assert.Equal(names.Select(name => $"edge.{name}"), seen);
    }

    [Fact]
    public async Task Many_mistakes_do_not_burst_the_answer()
    {
        var bad = Enumerable.Range(0, 300).Select(number => ($"actions/a{number}.yaml", "ref: wrong\nunknown: 1\n")).ToArray();
        var refusal = await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("edge", "1.0.0", [], bad)));
        Assert.Equal("PACK_INVALID", refusal.Reason);
        Assert.Contains("more; CheckPack lists them all", refusal.Violations[^1].Description, StringComparison.Ordinal);
        Assert.Equal(1200, (await bench.CheckAsync(bench.Archive("edge", "1.0.0", [], bad))).Problems.Count);
    }

    [Fact]
    public async Task Replicas_that_start_together_install_the_built_in_pack_once()
    {
        await bench.ReadAsync<int>("update pack set release_digest = null where ref = 'core'");
        await using var second = await ServerBench.StartAsync(Waiting.SoonEnough, bench.Server);
        var loaders = new[] { bench.Server, second }.Select(server => server.Services.GetRequiredService<CorePackLoader>().StartAsync(Waiting.SoonEnough));
        await Task.WhenAll(loaders);
        Assert.Equal(1, await bench.ReadAsync<int>("select count(*) from pack_release where pack_ref = 'core'"));
        Assert.Equal(5, (await bench.ActionsOfAsync("core")).Length);
    }

    [Fact]
    public async Task An_older_server_leaves_a_newer_built_in_pack_alone()
    {
        await bench.ReadAsync<int>("update pack set version = '99.0.0', release_digest = 'newer' where ref = 'core'");
        await bench.Server.Services.GetRequiredService<CorePackLoader>().StartAsync(Waiting.SoonEnough);
        Assert.Equal("99.0.0", await bench.ReadAsync<string>("select version from pack where ref = 'core'"));
    }
}
