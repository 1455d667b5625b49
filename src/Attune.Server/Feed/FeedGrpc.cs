using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Feed;

sealed class FeedGrpc(WatchFeed watch, IHostApplicationLifetime lifetime) : FeedService.FeedServiceBase
{
    public override async Task Watch(
        WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        var filter = FeedFilter.Of(request, context.GetCaller()).OrThrowRpc();
        var from = request.Cursor is "" ? (long?)null : FeedCursor.Read(request.Cursor)
            ?? throw Failure.Invalid("CURSOR_INVALID", "cursor", "is not from an answer of this stream.").ToRpcException();

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var response in watch.RunAsync(from, filter, ending.Token))
                await responseStream.WriteAsync(response.OrThrowRpc(), ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new Failure(FailureKind.Unavailable, "SERVER_STOPPING", "The server is stopping. Connect again and go on from the cursor.")
                .ToRpcException();
        }
    }
}
