using Attune.Server.Runtimes;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Runtimes;

public sealed class RuntimeTests : IAsyncLifetime
{
    PackBench bench = null!;

    RuntimeService.RuntimeServiceClient Runtimes => new(bench.Server.Admin);

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task The_five_of_the_core_pack_are_listed_by_ref()
    {
        var runtimes = (await Runtimes.ListRuntimesAsync(new())).Runtimes;
        Assert.Equal(["core.native", "core.nodejs", "core.python", "core.sensor_builtin", "core.shell"], runtimes.Select(runtime => runtime.Ref));
        var first = await Runtimes.ListRuntimesAsync(new() { PageSize = 2 });
        Assert.Equal(["core.python", "core.sensor_builtin"], (await Runtimes.ListRuntimesAsync(new() { PageSize = 2, PageToken = first.NextPageToken })).Runtimes.Select(runtime => runtime.Ref));
    }

    [Theory]
    [InlineData("core.python", "core.python")]
    [InlineData("python3", "core.python")]
    [InlineData("bash", "core.shell")]
    [InlineData("node", "core.nodejs")]
    public async Task A_runtime_is_found_by_ref_and_by_alias(string asked, string found)
        => Assert.Equal(found, (await Runtimes.GetRuntimeAsync(new() { Ref = asked })).Runtime.Ref);

    [Fact]
    public async Task A_runtime_that_is_not_there_is_said_to_be_missing()
        => Assert.Equal("RUNTIME_NOT_FOUND", (await RefusedCall.OfAsync(() => Runtimes.GetRuntimeAsync(new() { Ref = "cobol" }).ResponseAsync)).Reason);

    [Fact]
    public async Task Agents_that_have_it_are_named_while_they_are_connected()
    {
        await bench.ReadAsync<int>("""
            insert into worker (name, worker_type, connected, runtimes) values
                ('here', 'remote', true, '[{"ref": "core.python", "version": "3.11.2", "path": "/usr/bin/python3"}, {"ref": "core.native", "version": ""}]'),
                ('away', 'remote', false, '[{"ref": "core.python", "version": "3.9.1"}]')
            """);
        Assert.Equal(["here 3.11.2"], (await Runtimes.GetRuntimeAsync(new() { Ref = "python" })).Runtime.AvailableOn);
        Assert.Equal(["here"], (await Runtimes.GetRuntimeAsync(new() { Ref = "native" })).Runtime.AvailableOn);
        Assert.Empty((await Runtimes.GetRuntimeAsync(new() { Ref = "node" })).Runtime.AvailableOn);
    }

    [Fact]
    public async Task Agents_are_told_how_to_look_for_each_runtime()
    {
        var probes = await bench.Server.Services.GetRequiredService<RuntimeStore>().ListProbesAsync(Waiting.SoonEnough);
        Assert.True(Assert.Single(probes, probe => probe.RuntimeRef == "core.native").AlwaysAvailable);
        var python = Assert.Single(probes, probe => probe.RuntimeRef == "core.python");
        Assert.Equal(["python3", "python"], python.Commands.Select(command => command.Binary));
        Assert.Equal((0, 1), (python.Commands[0].ExitCode, python.Commands[0].Priority));
        Assert.Matches(python.Commands[0].Pattern, "Python 3.11.2");
    }

    [Fact]
    public void A_runtime_that_says_nothing_of_execution_has_an_empty_spec()
        => Assert.Equal(new RuntimeSpec(), RuntimeJson.ToSpec("{}"));
}
