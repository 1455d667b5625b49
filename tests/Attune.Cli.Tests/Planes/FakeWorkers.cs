using System.Collections.Concurrent;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

public sealed class FakeWorkers : WorkerService.WorkerServiceBase
{
    public ConcurrentQueue<DrainWorkerRequest> Drained { get; } = new();

    public ConcurrentQueue<CreateJoinTokenRequest> JoinTokens { get; } = new();

    public override Task<DrainWorkerResponse> DrainWorker(DrainWorkerRequest request, ServerCallContext context)
    {
        Drained.Enqueue(request);
        return Task.FromResult(new DrainWorkerResponse { Worker = new() { Name = request.Name, Draining = true } });
    }

    public override Task<CreateJoinTokenResponse> CreateJoinToken(CreateJoinTokenRequest request, ServerCallContext context)
    {
        JoinTokens.Enqueue(request);
        return Task.FromResult(new CreateJoinTokenResponse
        {
            Token = "atj_secret",
            JoinToken = new() { Id = 5, Role = request.Role, ExpiresAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) },
        });
    }

    public override Task<ListWorkersResponse> ListWorkers(ListWorkersRequest request, ServerCallContext context)
        => Task.FromResult(new ListWorkersResponse { Workers = { new Worker { Name = "edge-1", Connected = true, Slots = 8 } } });
}

public sealed class FakeSystem : SystemService.SystemServiceBase
{
    public override Task<GetVersionResponse> GetVersion(GetVersionRequest request, ServerCallContext context)
        => Task.FromResult(new GetVersionResponse { Version = "9.8.7", Commit = "abc" });
}
