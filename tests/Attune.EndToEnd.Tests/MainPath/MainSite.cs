using Attune.Testing;

namespace Attune.EndToEnd.Tests.MainPath;

/// <summary>One server and one agent, for all tests that leave both as they find them.</summary>
public sealed class MainSite : IAsyncLifetime
{
    public const string Collection = "main path";
    public const string Agent = "main-agent";

    public Site Site { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Site = await Site.StartAsync(Waiting.SoonEnough);
        await Site.AddAgentAsync(Agent, ["--slots", "8"], Waiting.SoonEnough);
    }

    public async Task DisposeAsync() => await Site.DisposeAsync();
}

[CollectionDefinition(MainSite.Collection)]
public sealed class MainSiteCollection : ICollectionFixture<MainSite>;
