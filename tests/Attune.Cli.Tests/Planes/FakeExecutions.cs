using System.Collections.Concurrent;
using System.Globalization;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Starts nothing; remembers what was asked and streams what a test wrote down.</summary>
public sealed class FakeExecutions : ExecutionService.ExecutionServiceBase
{
    public static readonly Timestamp Noon = Timestamp.FromDateTimeOffset(new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));

    public ConcurrentQueue<StartExecutionRequest> Started { get; } = new();

    public ConcurrentQueue<StreamExecutionLogsRequest> Followed { get; } = new();

    public ConcurrentQueue<ListExecutionsRequest> Listed { get; } = new();

    public ConcurrentQueue<RerunExecutionRequest> Rerun { get; } = new();

    public ConcurrentQueue<CancelExecutionRequest> Cancelled { get; } = new();

    /// <summary>What a follower gets; the default completes at once.</summary>
    public Func<StreamExecutionLogsRequest, IServerStreamWriter<StreamExecutionLogsResponse>, CancellationToken, Task> Log { get; set; }
        = async (request, log, ct) => await log.WriteAsync(new() { Outcome = Ended(request.ExecutionId, ExecutionStatus.Completed) }, ct);

    /// <summary>Newest first, from this id down.</summary>
    public int ListTotal { get; set; } = 3;

    public static Execution Ended(long id, ExecutionStatus status) => new()
    {
        Id = id,
        ActionRef = "core.echo",
        Status = status,
        Attempt = 1,
        MaxAttempts = 1,
        WorkerName = "edge-1",
        Created = Noon,
        StartedAt = Noon,
        RuleRef = "edge.page",
        EventId = 7,
        FinishedAt = Timestamp.FromDateTimeOffset(Noon.ToDateTimeOffset() + TimeSpan.FromMilliseconds(1250)),
    };

    public static LogChunk Chunk(long sequence, LogStream stream, string text)
        => new() { Attempt = 1, Sequence = sequence, Stream = stream, Content = ByteString.CopyFromUtf8(text) };

    public override Task<StartExecutionResponse> StartExecution(StartExecutionRequest request, ServerCallContext context)
    {
        Started.Enqueue(request);
        return Task.FromResult(new StartExecutionResponse
        {
            Execution = new()
            {
                Id = 42,
                ActionRef = request.ActionRef,
                Status = ExecutionStatus.Requested,
                Parameters = request.Parameters,
                Created = Noon,
            },
        });
    }

    public override Task<GetExecutionResponse> GetExecution(GetExecutionRequest request, ServerCallContext context)
        => request.ExecutionId is 404
            ? throw FakeControlPlane.Failure(StatusCode.NotFound, "EXECUTION_NOT_FOUND", "There is no execution 404.")
            : Task.FromResult(new GetExecutionResponse { Execution = Tell(Ended(request.ExecutionId, ExecutionStatus.Completed)) });

    /// <summary>Changes what a test wants to see differently.</summary>
    public Func<Execution, Execution> Tell { get; set; } = execution => execution;

    public override Task<ListExecutionsResponse> ListExecutions(ListExecutionsRequest request, ServerCallContext context)
    {
        Listed.Enqueue(request);
        var from = request.PageToken is "" ? ListTotal : int.Parse(request.PageToken, CultureInfo.InvariantCulture);
        var size = Math.Min(request.PageSize, from);
        var page = new ListExecutionsResponse();
        page.Executions.Add(Enumerable.Range(0, size).Select(each => Ended(from - each, ExecutionStatus.Failed)));
        page.NextPageToken = from - size > 0 ? (from - size).ToString(CultureInfo.InvariantCulture) : "";
        return Task.FromResult(page);
    }

    public override Task<CancelExecutionResponse> CancelExecution(CancelExecutionRequest request, ServerCallContext context)
    {
        Cancelled.Enqueue(request);
        return Task.FromResult(new CancelExecutionResponse { Execution = Ended(request.ExecutionId, ExecutionStatus.Canceling) });
    }

    public override Task<RerunExecutionResponse> RerunExecution(RerunExecutionRequest request, ServerCallContext context)
    {
        Rerun.Enqueue(request);
        return Task.FromResult(new RerunExecutionResponse { Execution = new() { Id = 43, ActionRef = "core.echo" } });
    }

    public override Task<ExplainExecutionResponse> ExplainExecution(ExplainExecutionRequest request, ServerCallContext context)
        => Task.FromResult(new ExplainExecutionResponse
        {
            Summary = "Waits: no connected agent has label zone=edge.",
            Reasons = { new ExplainExecutionReason { Code = "LABELS", WorkerName = "edge-1", Sentence = "lacks zone=edge." } },
        });

    /// <summary>What is asked for in turn; the last one stays.</summary>
    public ConcurrentQueue<GetExecutionTreeResponse> Trees { get; } = new();

    public ConcurrentQueue<GetExecutionTreeRequest> TreesAsked { get; } = new();

    public override Task<GetExecutionTreeResponse> GetExecutionTree(GetExecutionTreeRequest request, ServerCallContext context)
    {
        TreesAsked.Enqueue(request);
        Trees.TryPeek(out var tree);
        if (Trees.Count > 1)
            Trees.TryDequeue(out tree);
        return Task.FromResult(tree ?? throw FakeControlPlane.Failure(StatusCode.NotFound, "EXECUTION_NOT_FOUND", "No execution 404."));
    }

    public override async Task WatchExecution(
        WatchExecutionRequest request, IServerStreamWriter<WatchExecutionResponse> responseStream, ServerCallContext context)
    {
        foreach (var status in new[] { ExecutionStatus.Running, ExecutionStatus.Running, ExecutionStatus.Failed })
        {
            var change = new WatchExecutionResponse();
            change.Executions.Add(request.ExecutionIds.Select(id => Ended(id, status)));
            await responseStream.WriteAsync(change, context.CancellationToken);
        }
    }

    public override Task StreamExecutionLogs(
        StreamExecutionLogsRequest request, IServerStreamWriter<StreamExecutionLogsResponse> responseStream, ServerCallContext context)
    {
        Followed.Enqueue(request);
        return Log(request, responseStream, context.CancellationToken);
    }
}
