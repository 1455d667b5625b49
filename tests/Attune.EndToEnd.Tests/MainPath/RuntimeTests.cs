using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.MainPath;

[Collection(MainSite.Collection)]
public sealed class RuntimeTests(MainSite main)
{
    const string TakesText = "parameters: {text: {type: string, required: true}}\noutput_format: json\n";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Each_runtime_gets_its_parameters_and_its_answer_comes_back()
    {
        using var pack = new TestPack("e2e_runtimes")
            .Shell("in_shell", "cat", TakesText)
            .Python("in_python", "import json, sys\njson.dump(json.load(sys.stdin), sys.stdout)", TakesText)
            .Node("in_node", "process.stdin.on('data', chunk => process.stdout.write(chunk))", TakesText)
            .Native("native", "/bin/cat", TakesText);
        await pack.InstallAsync(main.Site.Client, Soon);

        foreach (var action in (string[])["in_shell", "in_python", "in_node", "native"])
        {
            var execution = await main.Site.RunAsync($"e2e_runtimes.{action}", """{"text": "Grüße, \"Welt\""}""", Soon);

            Assert.Equal((action, ExecutionStatus.Completed), (action, execution.Status));
            Assert.Equal("Grüße, \"Welt\"", execution.Result.StructValue.Fields["text"].StringValue);
            Assert.Equal(MainSite.Agent, execution.WorkerName);
        }
    }

    [Fact]
    public async Task A_requirements_file_gives_the_pack_a_virtual_environment_and_its_lib_folder()
    {
        using var pack = new TestPack("e2e_venv")
            .Write("requirements.txt", "# Nothing to fetch.\n")
            .Write("lib/greeting.py", "WORD = 'hello from lib'\n")
            .Python("where", "import greeting, json, sys\njson.dump([greeting.WORD, sys.prefix], sys.stdout)", "output_format: json");
        await pack.InstallAsync(main.Site.Client, Soon);

        var execution = await main.Site.RunAsync("e2e_venv.where", "{}", Soon);

        Assert.Equal((ExecutionStatus.Completed, ""), (execution.Status, execution.Error?.Message ?? ""));
        var environments = await main.Site.Client.Packs.ListPackEnvironmentsAsync(new() { Ref = "e2e_venv" });
        var environment = Assert.Single(environments.Environments);
        Assert.Equal((EnvironmentStatus.Ready, "core.python", MainSite.Agent), (environment.Status, environment.RuntimeRef, environment.WorkerName));
        Assert.Equal(["hello from lib", environment.EnvPath], execution.Result.ListValue.Values.Select(each => each.StringValue));
        Assert.Contains("-m venv", environment.InstallLog);
    }

    [Fact]
    public async Task A_package_file_gives_the_pack_a_modules_folder_and_its_lib_folder()
    {
        using var pack = new TestPack("e2e_modules")
            .Write("package.json", """{"name": "e2e-modules", "private": true}""")
            .Write("lib/greeting.js", "module.exports = 'hello from lib'\n")
            .Node("where", "process.stdout.write(JSON.stringify([require('greeting'), process.env.NODE_PATH]))", "output_format: json");
        await pack.InstallAsync(main.Site.Client, Soon);

        var execution = await main.Site.RunAsync("e2e_modules.where", "{}", Soon);

        Assert.Equal((ExecutionStatus.Completed, ""), (execution.Status, execution.Error?.Message ?? ""));
        var environment = Assert.Single((await main.Site.Client.Packs.ListPackEnvironmentsAsync(new() { Ref = "e2e_modules" })).Environments);
        Assert.Equal(EnvironmentStatus.Ready, environment.Status);
        var answer = execution.Result.ListValue.Values;
        Assert.Equal("hello from lib", answer[0].StringValue);
        Assert.StartsWith($"{environment.EnvPath}/node_modules:", answer[1].StringValue);
    }

    [Fact]
    public async Task An_environment_that_cannot_be_built_fails_the_run_and_says_why()
    {
        using var pack = new TestPack("e2e_unbuildable")
            .Write("requirements.txt", "--no-index\nno-such-package-anywhere==1.0\n")
            .Python("never", "print('ran')");
        await pack.InstallAsync(main.Site.Client, Soon);

        var execution = await main.Site.RunAsync("e2e_unbuildable.never", "{}", Soon);

        Assert.Equal((ExecutionStatus.Failed, "ENVIRONMENT_FAILED"), (execution.Status, execution.Error.Reason));
        Assert.Contains("no-such-package-anywhere", execution.Error.Message);
        var environment = Assert.Single((await main.Site.Client.Packs.ListPackEnvironmentsAsync(new() { Ref = "e2e_unbuildable" })).Environments);
        Assert.Equal(EnvironmentStatus.Failed, environment.Status);
        Assert.NotEmpty(environment.InstallError);
    }

    [Fact]
    public async Task An_upgraded_pack_runs_its_new_release_and_old_executions_keep_theirs()
    {
        using var pack = new TestPack("e2e_upgrade").Shell("version", "echo one");
        Assert.True((await pack.InstallAsync(main.Site.Client, Soon)).Changed);
        var before = await main.Site.RunAsync("e2e_upgrade.version", "{}", Soon);

        Assert.False((await pack.InstallAsync(main.Site.Client, Soon)).Changed);
        pack.Write("actions/version.sh", "echo two");
        Assert.True((await pack.InstallAsync(main.Site.Client, Soon)).Changed);
        var after = await main.Site.RunAsync("e2e_upgrade.version", "{}", Soon);

        Assert.Equal(("one", "two"), (before.Result.StringValue, after.Result.StringValue));
        Assert.NotEqual(before.ReleaseDigest, after.ReleaseDigest);
        Assert.Equal(2, (await main.Site.Client.Packs.ListPackReleasesAsync(new() { Ref = "e2e_upgrade" })).Releases.Count);
    }
}
