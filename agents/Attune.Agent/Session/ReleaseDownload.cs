using System.Runtime.CompilerServices;
using Attune.Agent.Joining;
using Attune.V1;
using Grpc.Core;

namespace Attune.Agent.Session;

/// <summary>Fetches release archives on connections of their own, so that they cannot slow the stream.</summary>
sealed class ReleaseDownload(ControlPlane controlPlane, Renewal renewal)
{
    /// <summary>The archive in order. Throws <see cref="IOException"/> when it cannot be had.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RunAsync(string digest, [EnumeratorCancellation] CancellationToken ct)
    {
        using var channel = controlPlane.Open(renewal.Identity);
        var headers = controlPlane.HeadersFor(renewal.Identity, "DownloadRelease");
        using var call = new WorkerService.WorkerServiceClient(channel)
            .DownloadRelease(new() { ReleaseDigest = digest }, headers, cancellationToken: ct);
        while (await NextAsync(call.ResponseStream, ct))
            yield return call.ResponseStream.Current.Content.Memory;
    }

    static async Task<bool> NextAsync(IAsyncStreamReader<DownloadReleaseResponse> stream, CancellationToken ct)
    {
        try
        {
            return await stream.MoveNext(ct);
        }
        catch (RpcException failure) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"The control plane does not give the release: {failure.Status.Detail} ({failure.StatusCode}).", failure);
        }
    }
}
