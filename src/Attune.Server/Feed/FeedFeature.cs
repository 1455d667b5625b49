using Attune.Server.Hosting;

namespace Attune.Server.Feed;

static class FeedFeature
{
    public static IServiceCollection AddFeed(this IServiceCollection services) => services
        .AddSettings<FeedOptions, FeedOptionsValidator>(FeedOptions.Section)
        .AddSingleton<FeedStore>()
        .AddSingleton<FeedTail>()
        .AddSingleton<WatchFeed>()
        .AddHostedService<FeedReader>()
        .AddHostedService<FeedCleanup>();

    public static void MapFeed(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<FeedGrpc>();
}
