using Attune.Server.Hosting;
using Attune.Server.Workflows;
using Attune.V1;
using Grpc.Core;
using Wire = Attune.V1;

namespace Attune.Server.Executions;

/// <summary>The edge of everything that is asked and changed; the streams are in <see cref="ExecutionStreams"/>.</summary>
sealed class ExecutionGrpc(
    ExecutionCommands commands, ExecutionStore store, ExplainExecution explain, GetExecutionTree tree, ExecutionStreams streams)
    : ExecutionService.ExecutionServiceBase
{
    const int ItemsMax = 1000;

    public override async Task<StartExecutionResponse> StartExecution(StartExecutionRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var started = (await commands.Start.RunAsync(
            caller, nameof(StartExecution), request.RequestId, [request.ToCommand()], _ => "", context.CancellationToken)).OrThrowRpc();
        return new() { Execution = await ToExecutionAsync(started, caller, context.CancellationToken) };
    }

    public override async Task<StartExecutionsResponse> StartExecutions(StartExecutionsRequest request, ServerCallContext context)
    {
        if (request.Items.Count is 0 or > ItemsMax)
        {
            throw Failure.Invalid("ITEMS_INVALID", "items", $"has {request.Items.Count} items; 1 to {ItemsMax} are allowed.")
                .ToRpcException();
        }

        var asked = request.Items.Select(item => item.ToCommand()).ToArray();
        var started = (await commands.Start.RunAsync(
            context.GetCaller(), nameof(StartExecutions), request.RequestId, asked, index => $"items[{index}].",
            context.CancellationToken)).OrThrowRpc();
        return new() { ExecutionIds = { started.Ids } };
    }

    public override async Task<GetExecutionResponse> GetExecution(GetExecutionRequest request, ServerCallContext context)
    {
        var execution = await store.FindAsync(request.ExecutionId, context.CancellationToken);
        if (execution is null || !context.GetCaller().May("executions", "read", execution.PackRef))
            throw ExecutionStore.NotFound([request.ExecutionId]).ToRpcException();

        var answer = execution.ToWire();
        if (execution.Attempt > 1)
        {
            var attempts = await store.ListAttemptsAsync(execution.Id, context.CancellationToken);
            answer.Attempts.Add(attempts.Select(attempt => attempt.ToWire()));
        }

        return new() { Execution = answer };
    }

    public override async Task<ListExecutionsResponse> ListExecutions(ListExecutionsRequest request, ServerCallContext context)
    {
        var page = Paging.NewestFirst(request.PageSize, request.PageToken).OrThrowRpc();
        var rows = await store.ListAsync(
            new()
            {
                Statuses = [.. request.Statuses.Select(status => status.ToText())],
                ActionRef = NullIfEmpty(request.ActionRef),
                PackRef = NullIfEmpty(request.PackRef),
                WorkerName = NullIfEmpty(request.WorkerName),
                ExecutorLogin = NullIfEmpty(request.ExecutorLogin),
                Parent = request.ParentId == 0 ? null : request.ParentId,
                RuleRef = NullIfEmpty(request.RuleRef),
                Event = request.EventId == 0 ? null : request.EventId,
                Enforcement = request.EnforcementId == 0 ? null : request.EnforcementId,
                CreatedAfter = request.CreatedAfter?.ToDateTimeOffset(),
                CreatedBefore = request.CreatedBefore?.ToDateTimeOffset(),
                Packs = context.GetCaller().PacksFor("executions", "read")?.ToArray(),
                Before = page.After == long.MaxValue ? null : page.After,
                Limit = page.Limit,
                Full = request.Full,
            },
            context.CancellationToken);
        var cut = page.Cut(rows, row => row.Id);
        return new() { Executions = { cut.Rows.Select(row => row.ToWire()) }, NextPageToken = cut.NextToken };
    }

    public override async Task<CancelExecutionResponse> CancelExecution(CancelExecutionRequest request, ServerCallContext context)
    {
        var cancelled = await commands.Cancel.RunAsync(
            context.GetCaller(), request.ExecutionId, request.Reason, context.CancellationToken);
        return new() { Execution = cancelled.OrThrowRpc().ToWire() };
    }

    public override async Task<RerunExecutionResponse> RerunExecution(RerunExecutionRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var started = (await commands.Rerun.RunAsync(
            caller, request.RequestId, request.ExecutionId, request.Parameters.ToUtf8Json(), context.CancellationToken)).OrThrowRpc();
        return new() { Execution = await ToExecutionAsync(started, caller, context.CancellationToken) };
    }

    public override async Task<ExplainExecutionResponse> ExplainExecution(ExplainExecutionRequest request, ServerCallContext context)
        => (await explain.RunAsync(context.GetCaller(), request.ExecutionId, context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<GetExecutionTreeResponse> GetExecutionTree(GetExecutionTreeRequest request, ServerCallContext context)
        => (await tree.RunAsync(context.GetCaller(), request.ExecutionId, request.NodeLimit, context.CancellationToken)).OrThrowRpc();

    public override Task WatchExecution(
        WatchExecutionRequest request, IServerStreamWriter<WatchExecutionResponse> responseStream, ServerCallContext context)
        => streams.WatchAsync(request, responseStream, context);

    public override Task StreamExecutionLogs(
        StreamExecutionLogsRequest request, IServerStreamWriter<StreamExecutionLogsResponse> responseStream,
        ServerCallContext context)
        => streams.StreamLogsAsync(request, responseStream, context);

    async Task<Wire.Execution> ToExecutionAsync(StartExecution.Started started, Caller caller, CancellationToken ct)
    {
        // Whom an execution starts for is known to the row alone.
        if (!started.Stored.Repeated && caller.ExecutionId is null)
            return started.Items[0].ToWire(started.Stored, caller.Login);

        // The first answer's execution as it stands now; removed since is only possible by hand in the database.
        return started.Ids is [var id, ..] && await store.FindAsync(id, ct) is { } execution
            ? execution.ToWire()
            : throw new Failure(FailureKind.Stale, "REQUEST_IN_PROGRESS", "A request with this request_id is being handled. Try again.")
                .ToRpcException();
    }

    static string? NullIfEmpty(string text) => text is "" ? null : text;
}

/// <summary>The use cases that change executions.</summary>
sealed record ExecutionCommands(StartExecution Start, RerunExecution Rerun, CancelExecution Cancel);
