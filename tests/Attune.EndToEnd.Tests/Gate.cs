using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests;

/// <summary>A run that goes on until the test lets it end.</summary>
sealed class Gate(Site site, string name)
{
    readonly string file = Path.Combine(site.Folder, $"{name}.gate");

    /// <summary>What a script of its own waits with.</summary>
    public string Wait => $"until [ -e {file} ]; do sleep 0.02; done";

    /// <summary>A shell command that waits here, running on the agent of a zone.</summary>
    public async Task<long> StartAsync(string zone)
    {
        var id = await site.StartAsync(
            "core.shell", $$"""{"command": "{{Wait}}"}""", Waiting.SoonEnough, request => request.WorkerLabels.Add("zone", zone));
        await site.UntilAsync(id, execution => execution.Status is ExecutionStatus.Running, Waiting.SoonEnough);
        return id;
    }

    public void Open() => File.WriteAllText(file, "");
}
