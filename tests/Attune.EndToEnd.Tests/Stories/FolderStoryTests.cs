using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>A file appears in a folder on one machine, and an action runs on another.</summary>
public sealed class FolderStoryTests : IAsyncLifetime
{
    readonly TestPack pack = new TestPack("e2e_inbox").Shell(
        "file",
        """
        eval "$(cat)"
        echo "filed $name"
        """,
        "parameters: {name: {type: string, required: true}}\nparameter_format: dotenv\nworker_labels: {desk: filing}\n");

    Site site = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        site = await Site.StartAsync(Soon);
        await site.AddAgentAsync("doorman", ["--role", "sensor"], Soon);
        await site.AddAgentAsync("clerk", ["--role", "action", "--label", "desk=filing"], Soon);
    }

    public async Task DisposeAsync()
    {
        pack.Dispose();
        await site.DisposeAsync();
    }

    [Fact]
    public async Task A_file_dropped_into_a_folder_starts_an_action_on_another_agent_with_its_name()
    {
        var inbox = Directory.CreateDirectory(Path.Combine(site.Folder, "inbox")).FullName;
        using var watch = TestPack.FromDirectory(Path.Combine(Repository.Root, "packs", "examples", "watch"));
        await watch.InstallAsync(site.Client, Soon);
        await pack.InstallAsync(site.Client, Soon);
        await site.Client.Rules.CreateRuleAsync(
            new()
            {
                Rule = new()
                {
                    Ref = "e2e_inbox.file_it",
                    Label = "File what comes in",
                    TriggerRef = "watch.file_added",
                    TriggerParams = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson($$"""{"folder": "{{inbox}}"}"""),
                    Conditions = Google.Protobuf.WellKnownTypes.Value.Parser.ParseJson(
                        """[{"field": "name", "operator": "ends_with", "value": ".pdf"}]"""),
                    ActionRef = "e2e_inbox.file",
                    ActionParams = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson("""{"name": "{{ event.payload.name }}"}"""),
                },
            },
            cancellationToken: Soon);
        await Waiting.UntilAsync(
            async () => (await site.Client.Sensors.GetSensorAsync(new() { Ref = "watch.directory" }, cancellationToken: Soon)).Sensor
                is { State: SensorState.Running, WorkerName: "doorman" },
            () => $"the sensor on the doorman:\n{string.Join('\n', site.Outputs)}",
            Soon);

        await File.WriteAllTextAsync(Path.Combine(inbox, "notes.txt"), "not for the clerk", Soon);
        await File.WriteAllTextAsync(Path.Combine(inbox, "invoice 7.pdf"), "pay", Soon);

        var started = await Waiting.ForAsync(
            async () => (await site.Client.Executions.ListExecutionsAsync(new() { RuleRef = "e2e_inbox.file_it" }, cancellationToken: Soon)).Executions,
            executions => executions.Count > 0,
            "the execution",
            Soon);
        var execution = await site.EndAsync(Assert.Single(started).Id, Soon);
        Assert.Equal((ExecutionStatus.Completed, "clerk", "filed invoice 7.pdf"), (execution.Status, execution.WorkerName, execution.Result.StringValue));
    }
}
