using Attune.Packs.Archives;
using Attune.Server.Packs;
using Attune.Testing;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Packs;

public sealed class PackApiTests : IAsyncLifetime
{
    PackBench bench = null!;

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task Removing_a_pack_keeps_its_history_and_its_releases()
    {
        var archive = bench.Archive("edge", "1.0.0", ["a"], ("policies/p.yaml", "ref: edge.p\nname: P\nconcurrency: {limit: 2}\n"));
        var digest = (await bench.InstallAsync(archive)).Pack.ReleaseDigest;
        await bench.ReadAsync<int>("insert into execution (action, action_ref) select id, ref from action where ref = 'edge.a'");

        var removed = await bench.Packs.RemovePackAsync(new() { Ref = "edge" });

        Assert.Equal(["action edge.a", "policy edge.p"], removed.RemovedRefs);
        Assert.Equal("PACK_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.Packs.GetPackAsync(new() { Ref = "edge" }).ResponseAsync)).Reason);
        Assert.Equal("edge.a", await bench.ReadAsync<string>("select action_ref from execution"));
        var release = Assert.Single((await bench.Packs.ListPackReleasesAsync(new() { Ref = "edge" })).Releases);
        Assert.Equal((digest, false, archive.LongLength), (release.Digest, release.Current, release.SizeBytes));

        Assert.True((await bench.InstallAsync(archive)).Changed);
        Assert.True(Assert.Single((await bench.Packs.ListPackReleasesAsync(new() { Ref = "edge" })).Releases).Current);
    }

    [Fact]
    public async Task A_rule_of_another_pack_finds_its_action_again()
    {
        var actions = bench.Archive("edge", "1.0.0", ["a"]);
        await bench.InstallAsync(actions);
        await bench.InstallAsync(bench.Archive("rules", "1.0.0", [], ("rules/r.yaml", "ref: rules.r\ntrigger: core.crontimer\ntrigger_params: {expression: '0 0 * * *'}\naction: edge.a\n")));
        await bench.Packs.RemovePackAsync(new() { Ref = "edge" });
        Assert.False(await bench.ReadAsync<bool>("select action is not null from rule"));
        await bench.InstallAsync(actions);
        Assert.True(await bench.ReadAsync<bool>("select action is not null from rule"));
    }

    [Fact]
    public async Task What_others_need_or_is_built_in_stays()
    {
        await bench.InstallAsync(bench.Archive("below", "1.0.0", [], ("runtimes/x.yaml", "ref: below.x\nname: X\ndistributions: {verification: {always_available: true}}\n")));
        await bench.InstallAsync(bench.Archive("above", "1.0.0", [], ("actions/a.yaml", "ref: above.a\nruntime: below.x\nentry_point: a\n"), ("actions/a", "")));
        await bench.InstallAsync(bench.Archive("beside", "1.0.0", [], ("pack.yaml", "ref: beside\nversion: 1.0.0\ndependencies: {below: \"^1.0\"}\n")));

        var needed = await RefusedCall.OfAsync(() => bench.Packs.RemovePackAsync(new() { Ref = "below" }).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "PACK_IS_NEEDED"), (needed.Code, needed.Reason));
        Assert.Contains("above, beside", needed.Message, StringComparison.Ordinal);

        var vanishing = await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("below", "1.1.0", [])));
        Assert.Equal("The runtime 'below.x' would vanish, but 'above.a' runs on it.", Assert.Single(vanishing.Violations).Description);

        Assert.Equal("PACK_IS_STANDARD", (await RefusedCall.OfAsync(() => bench.Packs.RemovePackAsync(new() { Ref = "core" }).ResponseAsync)).Reason);
        Assert.Equal("PACK_IS_STANDARD", (await RefusedCall.OfAsync(() => bench.InstallAsync(bench.Archive("core", "9.0.0", [])))).Reason);
        Assert.Equal("PACK_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.Packs.RemovePackAsync(new() { Ref = "nobody" }).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task A_caller_sees_and_changes_only_the_packs_that_are_granted()
    {
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["a"]));
        var mine = await bench.LoginWithAsync("""
            [{"resource": "packs", "actions": ["read", "install"], "constraints": {"packs": ["edge"]}},
             {"resource": "actions", "actions": ["read"], "constraints": {"packs": ["edge"]}},
             {"resource": "runtimes", "actions": ["read"], "constraints": {"packs": ["edge"]}}]
            """);
        var packs = new Attune.V1.PackService.PackServiceClient(bench.Server.Anonymous);
        var actions = new Attune.V1.ActionService.ActionServiceClient(bench.Server.Anonymous);

        Assert.Equal(["edge"], (await packs.ListPacksAsync(new(), mine)).Packs.Select(pack => pack.Ref));
        Assert.Equal(["edge.a"], (await actions.ListActionsAsync(new(), mine)).Actions.Select(action => action.Ref));
        await Denied(() => packs.GetPackAsync(new() { Ref = "core" }, mine).ResponseAsync);
        await Denied(() => packs.ListPackReleasesAsync(new() { Ref = "core" }, mine).ResponseAsync);
        await Denied(() => packs.RemovePackAsync(new() { Ref = "edge" }, mine).ResponseAsync);
        await Denied(() => actions.GetActionAsync(new() { Ref = "core.echo" }, mine).ResponseAsync);
        await Denied(() => actions.GetActionAsync(new() { Ref = "core.nothing" }, mine).ResponseAsync);

        var installer = new Attune.V1.PackService.PackServiceClient(bench.Server.Anonymous.Intercept(metadata =>
        {
            metadata.Add(mine[0]);
            return metadata;
        }));
        Assert.True((await PackBench.InstallAsync(installer, bench.Archive("edge", "1.1.0", ["a"]))).Changed);
        await Denied(() => PackBench.InstallAsync(installer, bench.Archive("other", "1.0.0", [])));
        // Otherwise a pack would be a way to every right.
        await Denied(() => PackBench.InstallAsync(installer, bench.Archive("edge", "1.2.0", [],
            ("permission_sets/all.yaml", "ref: edge.all\ngrants: [{resource: \"*\", actions: [\"*\"]}]\n"))));
        await Denied(() => PackBench.InstallAsync(installer, bench.Archive("edge", "1.2.0", [],
            ("actions/a.sh", ""), ("actions/a.yaml", "ref: edge.a\nruntime: core.shell\nentry_point: a.sh\npermission_sets: [core.admin]\n"))));

        // Nor can it hand on more than its installer holds.
        var assigner = await bench.LoginWithAsync("""
            [{"resource": "packs", "actions": ["read", "install"]}, {"resource": "permission_sets", "actions": ["assign"]}]
            """);
        var handing = new Attune.V1.PackService.PackServiceClient(bench.Server.Anonymous.Intercept(metadata =>
        {
            metadata.Add(assigner[0]);
            return metadata;
        }));
        Assert.Equal("GRANT_EXCEEDS_OWN", (await RefusedCall.OfAsync(() => PackBench.InstallAsync(handing, bench.Archive("edge", "1.2.0", [],
            ("permission_sets/all.yaml", "ref: edge.all\ngrants: [{resource: \"*\", actions: [\"*\"]}]\n"))))).Reason);
        Assert.Equal("GRANT_EXCEEDS_OWN", (await RefusedCall.OfAsync(() => PackBench.InstallAsync(handing, bench.Archive("edge", "1.2.0", [],
            ("actions/a.sh", ""), ("actions/a.yaml", "ref: edge.a\nruntime: core.shell\nentry_point: a.sh\npermission_sets: [core.admin]\n"))))).Reason);

        static async Task Denied(Func<Task> call)
        {
            var refusal = await RefusedCall.OfAsync(call);
            Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), (refusal.Code, refusal.Reason));
        }
    }

    [Fact]
    public async Task Lists_come_in_pages_by_ref_and_by_tag()
    {
        foreach (var pack in (string[])["bb", "aa", "dd"])
            await bench.InstallAsync(bench.Archive(pack, "1.0.0", [], ("pack.yaml", $"ref: {pack}\nversion: 1.0.0\ntags: [letters]\n")));

        var first = await bench.Packs.ListPacksAsync(new() { PageSize = 3 });
        Assert.Equal(["aa", "bb", "core"], first.Packs.Select(pack => pack.Ref));
        var second = await bench.Packs.ListPacksAsync(new() { PageSize = 3, PageToken = first.NextPageToken });
        Assert.Equal(["dd"], second.Packs.Select(pack => pack.Ref));
        Assert.Equal("", second.NextPageToken);
        Assert.Equal(["aa", "bb", "dd"], (await bench.Packs.ListPacksAsync(new() { Tag = "letters" })).Packs.Select(pack => pack.Ref));

        Assert.Equal("PAGE_SIZE_INVALID", (await RefusedCall.OfAsync(() => bench.Packs.ListPacksAsync(new() { PageSize = 1001 }).ResponseAsync)).Reason);
        Assert.Equal("PAGE_TOKEN_INVALID", (await RefusedCall.OfAsync(() => bench.Packs.ListPacksAsync(new() { PageToken = "x!" }).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task Environments_are_listed_host_by_host()
    {
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", ["a"]));
        await bench.ReadAsync<int>("""
            with host as (insert into worker (name, worker_type) values ('host-1', 'remote') returning id)
            insert into pack_environment (pack, pack_ref, runtime, runtime_ref, worker, worker_name, env_path, status, install_log)
            select p.id, p.ref, r.id, r.ref, host.id, 'host-1', '/var/lib/env', 'failed', 'no network'
            from pack p, runtime r, host where p.ref = 'edge' and r.ref = 'core.python'
            """);
        var environment = Assert.Single((await bench.Packs.ListPackEnvironmentsAsync(new() { Ref = "edge" })).Environments);
        Assert.Equal(
            ("host-1", "core.python", Attune.V1.EnvironmentStatus.Failed, "no network"),
            (environment.WorkerName, environment.RuntimeRef, environment.Status, environment.InstallLog));
        Assert.Equal("PACK_NOT_FOUND", (await RefusedCall.OfAsync(() => bench.Packs.ListPackEnvironmentsAsync(new() { Ref = "nobody" }).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task A_release_is_read_in_chunks_and_is_the_very_archive()
    {
        var noise = new byte[700_000];
        new Random(7).NextBytes(noise);
        var archive = bench.Archive("edge", "1.0.0", [], ("lib/noise", Convert.ToBase64String(noise)));
        var digest = (await bench.InstallAsync(archive)).Pack.ReleaseDigest;
        Assert.Equal(PackArchive.DigestOf(archive), digest);

        var chunks = new List<byte[]>();
        await foreach (var chunk in bench.Server.Services.GetRequiredService<ReleaseStore>().ReadAsync(digest, Waiting.SoonEnough))
            chunks.Add(chunk);
        Assert.Equal(archive, chunks.SelectMany(chunk => chunk));
        Assert.All(chunks, chunk => Assert.InRange(chunk.Length, 1, ReleaseStore.ChunkSize));
        Assert.Equal(4, chunks.Count);

        await foreach (var _ in bench.Server.Services.GetRequiredService<ReleaseStore>().ReadAsync(new('0', 64), Waiting.SoonEnough))
            Assert.Fail("There is no such release.");
    }
}
