using System.Text.Json;
using Attune.Testing;

namespace Attune.EndToEnd.Tests;

/// <summary>What `attune-agent status -o json` says about an agent that runs, as far as the tests ask.</summary>
sealed record AgentStatus(int ResultsWaiting, string? Draining)
{
    static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<AgentStatus> AskAsync(AgentProcess agent)
    {
        await using var process = RunningProcess.Start(
            BuiltProgram.Agent, ["status", "--output", "json", "--state-dir", agent.StateDirectory]);
        Assert.True(await process.ExitAsync(Waiting.SoonEnough) is 0, process.Both);
        return JsonSerializer.Deserialize<AgentStatus>(process.Output, Options)!;
    }
}
