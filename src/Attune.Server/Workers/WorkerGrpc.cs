using System.Text.Json;
using Attune.Server.Hosting;
using Attune.Server.Packs;
using Attune.Server.Workers.Joining;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Server.Workers;

/// <summary>The edge for agents (Enroll, Connect, DownloadRelease) and for the people who operate them.</summary>
sealed class WorkerGrpc(
    EnrollWorker enroll, JoinTokens joinTokens, ServeAgent serve, OperateWorkers operate, ReleaseStore releases)
    : WorkerService.WorkerServiceBase
{
    public override async Task<EnrollResponse> Enroll(EnrollRequest request, ServerCallContext context)
        => (await enroll.RunAsync(request.ToCommand(), context.CancellationToken)).OrThrowRpc().ToWire();

    public override Task Connect(
        IAsyncStreamReader<WorkerMessage> requestStream, IServerStreamWriter<ControlMessage> responseStream, ServerCallContext context)
        => serve.RunAsync(requestStream, responseStream, context.GetCaller(), context.CancellationToken);

    public override async Task DownloadRelease(
        DownloadReleaseRequest request, IServerStreamWriter<DownloadReleaseResponse> responseStream, ServerCallContext context)
    {
        var found = false;
        await foreach (var chunk in releases.ReadAsync(request.ReleaseDigest, context.CancellationToken))
        {
            found = true;
            await responseStream.WriteAsync(
                new() { Content = UnsafeByteOperations.UnsafeWrap(chunk) }, context.CancellationToken);
        }

        if (!found)
        {
            throw Failure.NotFound("RELEASE_NOT_FOUND", $"No release {request.ReleaseDigest} is stored here.").ToRpcException();
        }
    }

    public override async Task<GetWorkerResponse> GetWorker(GetWorkerRequest request, ServerCallContext context)
        => new() { Worker = (await operate.GetAsync(request.Name, context.CancellationToken)).OrThrowRpc().ToWire() };

    public override async Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context)
    {
        var page = (await operate.ListAsync(
            request.PageSize,
            request.PageToken,
            [.. request.Statuses.Select(WorkerMapping.StatusText)],
            JsonSerializer.Serialize(request.Labels),
            context.CancellationToken)).OrThrowRpc();
        return new() { Workers = { page.Rows.Select(row => row.ToWire()) }, NextPageToken = page.NextToken };
    }

    public override async Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
        => new()
        {
            Worker = (await operate.DrainAsync(
                request.Name, request.Deadline?.ToTimeSpan(), request.Reason, context.CancellationToken)).OrThrowRpc().ToWire(),
        };

    public override async Task<CordonWorkerResponse> CordonWorker(CordonWorkerRequest request, ServerCallContext context)
        => new() { Worker = (await operate.CordonAsync(request.Name, context.CancellationToken)).OrThrowRpc().ToWire() };

    public override async Task<UncordonWorkerResponse> UncordonWorker(UncordonWorkerRequest request, ServerCallContext context)
        => new() { Worker = (await operate.UncordonAsync(request.Name, context.CancellationToken)).OrThrowRpc().ToWire() };

    public override async Task<CreateJoinTokenResponse> CreateJoinToken(CreateJoinTokenRequest request, ServerCallContext context)
        => (await joinTokens.CreateAsync(request.ToCommand(), context.GetCaller(), context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<ListJoinTokensResponse> ListJoinTokens(ListJoinTokensRequest request, ServerCallContext context)
        => (await joinTokens.ListAsync(request.PageSize, request.PageToken, context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<RevokeJoinTokenResponse> RevokeJoinToken(RevokeJoinTokenRequest request, ServerCallContext context)
        => new() { JoinToken = (await joinTokens.RevokeAsync(request.JoinTokenId, context.CancellationToken)).OrThrowRpc().ToWire() };
}
