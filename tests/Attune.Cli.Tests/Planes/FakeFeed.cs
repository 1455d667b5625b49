using System.Collections.Concurrent;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Says what a test wrote down, one stream after the other.</summary>
public sealed class FakeFeed : FeedService.FeedServiceBase
{
    public ConcurrentQueue<WatchRequest> Watched { get; } = new();

    /// <summary>What the next streams do; after them, they only stay open.</summary>
    public ConcurrentQueue<Func<IServerStreamWriter<WatchResponse>, Task>> Streams { get; } = new();

    public static Change Change(long id, string status) => new()
    {
        EntityType = "execution",
        EntityId = id,
        Ref = "core.echo",
        Activity = "status_changed",
        Status = status,
        Time = FakeExecutions.Noon,
    };

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        Watched.Enqueue(request);
        if (Streams.TryDequeue(out var stream))
            await stream(responseStream);
        else
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
    }
}
