using Attune.Server.Hosting;
using Attune.Server.Workflows;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Executions;

/// <summary>The edge of the two streams. A stream outlives any deadline, so it also ends when the host stops.</summary>
sealed class ExecutionStreams(
    WatchExecution watch, ExecutionLogs logs, WorkflowLogs workflows, ExecutionStore store, IHostApplicationLifetime lifetime)
{
    const int WatchedMax = 1000;

    public async Task WatchAsync(
        WatchExecutionRequest request, IServerStreamWriter<WatchExecutionResponse> responses, ServerCallContext context)
    {
        var ids = request.ExecutionIds.Distinct().ToArray();
        if (ids.Length is 0 or > WatchedMax)
        {
            throw Failure.Invalid("EXECUTION_IDS_INVALID", "execution_ids", $"has {ids.Length} ids; 1 to {WatchedMax} are allowed.")
                .ToRpcException();
        }

        var caller = context.GetCaller();
        using var ending = EndingWith(context);
        await Guarded(async () =>
        {
            await foreach (var executions in watch.RunAsync(ids, ending.Token))
            {
                if (executions is null || executions.Any(execution => !caller.May("executions", "read", execution.PackRef)))
                    throw ExecutionStore.NotFound(ids).ToRpcException();
                await responses.WriteAsync(new() { Executions = { executions.Select(execution => execution.ToWire()) } }, ending.Token);
            }
        });
    }

    public async Task StreamLogsAsync(
        StreamExecutionLogsRequest request, IServerStreamWriter<StreamExecutionLogsResponse> responses, ServerCallContext context)
    {
        using var ending = EndingWith(context);
        var execution = await store.FindAsync(request.ExecutionId, ending.Token);
        if (execution is null || !context.GetCaller().May("executions", "read", execution.PackRef))
            throw ExecutionStore.NotFound([request.ExecutionId]).ToRpcException();

        var streams = request.Streams.Select(stream => (short)stream).ToArray();
        await Guarded(async () =>
        {
            await foreach (var page in PagesOf(execution, request, streams, context.GetCaller(), ending.Token))
                await responses.WriteAsync(page, ending.Token);
        });
    }

    IAsyncEnumerable<StreamExecutionLogsResponse> PagesOf(
        Execution execution, StreamExecutionLogsRequest request, short[] streams, Caller caller, CancellationToken ct)
    {
        if (execution.IsWorkflow && WorkflowLogCursor.TryParse(execution.Id, request.Cursor, out var place))
            return workflows.RunAsync(caller, execution.Id, place, streams, request.Follow, ct).Select(page => page.ToWire());
        if (!execution.IsWorkflow && LogCursor.TryParse(request.Cursor, out var cursor))
            return logs.RunAsync(execution.Id, cursor, streams, request.Follow, ct).Select(page => page.ToWire());
        throw Failure.Invalid("CURSOR_INVALID", "cursor", "is not from an answer of this log.").ToRpcException();
    }

    CancellationTokenSource EndingWith(ServerCallContext context)
        => CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);

    async Task Guarded(Func<Task> stream)
    {
        try
        {
            await stream();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new Failure(FailureKind.Unavailable, "SERVER_STOPPING", "The server is stopping. Connect again and go on from the cursor.")
                .ToRpcException();
        }
    }
}
