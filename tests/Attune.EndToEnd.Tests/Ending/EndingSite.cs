using Attune.Testing;

namespace Attune.EndToEnd.Tests.Ending;

/// <summary>One server and one agent for tests that wait for processes to end, beside those of the main path.</summary>
public sealed class EndingSite : IAsyncLifetime
{
    public const string Collection = "ending";

    public Site Site { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Site = await Site.StartAsync(Waiting.SoonEnough);
        await Site.AddAgentAsync("ending-agent", ["--slots", "8"], Waiting.SoonEnough);
    }

    public async Task DisposeAsync() => await Site.DisposeAsync();
}

[CollectionDefinition(EndingSite.Collection)]
public sealed class EndingSiteCollection : ICollectionFixture<EndingSite>;
