using Attune.Testing;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>What befalls an installation while a story goes on: its server is killed twice and one of its agents once.</summary>
sealed class Misfortune(Site site)
{
    /// <param name="progress">How far the story is.</param>
    /// <param name="marks">Three points of it, ascending: server, agent, server.</param>
    /// <param name="agent">Dies at the second and comes back.</param>
    public async Task BefallAsync(Func<Task<long>> progress, (long First, long Second, long Third) marks, AgentProcess agent)
    {
        await UntilAsync(progress, marks.First);
        await KillServerAsync();
        await UntilAsync(progress, marks.Second);
        await agent.Process.KillAsync(Waiting.SoonEnough);
        await agent.RestartAsync();
        await UntilAsync(progress, marks.Third);
        await KillServerAsync();
    }

    async Task KillServerAsync()
    {
        await site.Servers[0].Process.KillAsync(Waiting.SoonEnough);
        await site.Servers[0].RestartAsync(Waiting.SoonEnough);
    }

    Task UntilAsync(Func<Task<long>> progress, long mark) => Waiting.UntilAsync(
        async () => await progress() >= mark,
        () => $"the story to come to {mark}\n{string.Join('\n', site.Outputs.Select(output => output[Math.Max(0, output.Length - 4000)..]))}",
        within: TimeSpan.FromMinutes(3),
        lookAgainAfter: TimeSpan.FromMilliseconds(20),
        CancellationToken.None);
}
