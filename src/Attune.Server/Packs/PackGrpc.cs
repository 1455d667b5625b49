using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Packs;

sealed class PackGrpc(PackStore store, InstallPack install, CheckPack check, RemovePack remove) : PackService.PackServiceBase
{
    const int SourceLengthMax = 500;

    public override async Task<InstallPackResponse> InstallPack(
        IAsyncStreamReader<InstallPackRequest> requestStream, ServerCallContext context)
    {
        await using var upload = new PackUpload();
        InstallPackHeader? header = null;
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            if (message.PartCase is InstallPackRequest.PartOneofCase.Header)
                header = message.Header;
            else
                await upload.AddAsync(message.Chunk.Memory, context.CancellationToken);
        }

        var source = header?.Source ?? "";
        var installed = await upload.UseAsync(
            files => install.RunAsync(
                new()
                {
                    Files = files,
                    Source = source.Length <= SourceLengthMax ? source : source[..SourceLengthMax],
                    InstalledBy = context.GetCaller(),
                },
                context.CancellationToken),
            context.CancellationToken);
        return installed.OrThrowRpc().ToWire();
    }

    public override async Task<CheckPackResponse> CheckPack(IAsyncStreamReader<CheckPackRequest> requestStream, ServerCallContext context)
    {
        await using var upload = new PackUpload();
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
            await upload.AddAsync(message.Chunk.Memory, context.CancellationToken);

        var seen = await upload.UseAsync<CheckedPack>(
            async files => await check.RunAsync(files, context.CancellationToken), context.CancellationToken);
        return seen.OrThrowRpc().ToWire();
    }

    public override async Task<GetPackResponse> GetPack(GetPackRequest request, ServerCallContext context)
        => new() { Pack = (await FindAsync(request.Ref, context)).ToWire() };

    public override async Task<ListPacksResponse> ListPacks(ListPacksRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var packs = context.GetCaller().PacksFor("packs", "read");
        var (rows, next) = page.Cut(await store.ListAsync(page, packs, request.Tag, context.CancellationToken), row => row.Ref);
        return new() { Packs = { rows.Select(row => row.ToWire()) }, NextPageToken = next };
    }

    public override async Task<RemovePackResponse> RemovePack(RemovePackRequest request, ServerCallContext context)
    {
        context.GetCaller().Demand("packs", "remove", request.Ref);
        return new() { RemovedRefs = { (await remove.RunAsync(request.Ref, context.CancellationToken)).OrThrowRpc() } };
    }

    public override async Task<ListPackReleasesResponse> ListPackReleases(ListPackReleasesRequest request, ServerCallContext context)
    {
        context.GetCaller().Demand("packs", "read", request.Ref);
        var releases = await store.ListReleasesAsync(request.Ref, context.CancellationToken);
        return releases.Count > 0
            ? new() { Releases = { releases.Select(release => release.ToWire()) } }
            : throw PackFailures.NotFound(request.Ref).ToRpcException();
    }

    public override async Task<ListPackEnvironmentsResponse> ListPackEnvironments(
        ListPackEnvironmentsRequest request, ServerCallContext context)
    {
        var pack = await FindAsync(request.Ref, context);
        var environments = await store.ListEnvironmentsAsync(pack.Ref, context.CancellationToken);
        return new() { Environments = { environments.Select(environment => environment.ToWire()) } };
    }

    async Task<PackRow> FindAsync(string reference, ServerCallContext context)
    {
        context.GetCaller().Demand("packs", "read", reference);
        return await store.FindAsync(reference, context.CancellationToken) ?? throw PackFailures.NotFound(reference).ToRpcException();
    }
}
