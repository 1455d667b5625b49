using Attune.Server.Hosting;
using Attune.Server.Workers.Joining;
using Attune.V1;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Attune.Server.Tests.Joining;

/// <summary>Joining's part of WorkerService, for a server that does not map the whole of it.</summary>
sealed class WorkerEdge(EnrollWorker enroll, JoinTokens joinTokens) : WorkerService.WorkerServiceBase
{
    public static void MapIfMissing(WebApplication app)
    {
        var isServed = ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints)
            .Any(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.ServiceName == "attune.v1.WorkerService");
        if (!isServed)
            app.MapGrpcService<WorkerEdge>();
    }

    public override async Task<EnrollResponse> Enroll(EnrollRequest request, ServerCallContext context)
        => (await enroll.RunAsync(request.ToCommand(), context.CancellationToken)).OrThrowRpc().ToWire();

    public override Task DownloadRelease(
        DownloadReleaseRequest request, IServerStreamWriter<DownloadReleaseResponse> responseStream, ServerCallContext context)
        => throw Failure.NotFound("RELEASE_NOT_FOUND", "None.").ToRpcException();

    public override async Task<CreateJoinTokenResponse> CreateJoinToken(CreateJoinTokenRequest request, ServerCallContext context)
        => (await joinTokens.CreateAsync(request.ToCommand(), context.GetCaller(), context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<ListJoinTokensResponse> ListJoinTokens(ListJoinTokensRequest request, ServerCallContext context)
        => (await joinTokens.ListAsync(request.PageSize, request.PageToken, context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<RevokeJoinTokenResponse> RevokeJoinToken(RevokeJoinTokenRequest request, ServerCallContext context)
        => new() { JoinToken = (await joinTokens.RevokeAsync(request.JoinTokenId, context.CancellationToken)).OrThrowRpc().ToWire() };
}
