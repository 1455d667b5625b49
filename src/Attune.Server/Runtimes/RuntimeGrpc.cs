using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Runtimes;

sealed class RuntimeGrpc(RuntimeStore store) : RuntimeService.RuntimeServiceBase
{
    public override async Task<GetRuntimeResponse> GetRuntime(GetRuntimeRequest request, ServerCallContext context)
    {
        var runtime = await store.FindAsync(request.Ref, context.CancellationToken)
            ?? throw Failure.NotFound("RUNTIME_NOT_FOUND", $"No runtime is called '{request.Ref}'.").ToRpcException();
        context.GetCaller().Demand("runtimes", "read", runtime.PackRef ?? "");
        return new() { Runtime = runtime.ToWire() };
    }

    public override async Task<ListRuntimesResponse> ListRuntimes(ListRuntimesRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var packs = context.GetCaller().PacksFor("runtimes", "read");
        var (rows, next) = page.Cut(await store.ListAsync(page, packs, context.CancellationToken), row => row.Ref);
        return new() { Runtimes = { rows.Select(row => row.ToWire()) }, NextPageToken = next };
    }
}
