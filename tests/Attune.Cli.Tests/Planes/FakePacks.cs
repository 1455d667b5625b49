using System.Collections.Concurrent;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

public sealed class FakePacks : PackService.PackServiceBase
{
    public ConcurrentQueue<(InstallPackHeader Header, byte[] Archive)> Installed { get; } = new();

    /// <summary>Refuses after the header, while the client is still writing.</summary>
    public bool RefusesEarly { get; set; }

    public override async Task<InstallPackResponse> InstallPack(
        IAsyncStreamReader<InstallPackRequest> requestStream, ServerCallContext context)
    {
        var header = new InstallPackHeader();
        using var archive = new MemoryStream();
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            if (requestStream.Current.Header is { } first)
                header = first;
            if (RefusesEarly)
                throw FakeControlPlane.Failure(StatusCode.FailedPrecondition, "PACK_IS_STANDARD", "The core pack comes with the server.");
            requestStream.Current.Chunk.WriteTo(archive);
        }

        Installed.Enqueue((header, archive.ToArray()));
        return new()
        {
            Pack = new() { Ref = "edge", Version = "1.4.0", ReleaseDigest = "0123456789abcdef" },
            Changed = true,
            InstalledRefs = { "action edge.hello" },
        };
    }

    public override Task<RemovePackResponse> RemovePack(RemovePackRequest request, ServerCallContext context)
        => Task.FromResult(new RemovePackResponse { RemovedRefs = { "edge.hello" } });
}
