using Attune.Cli.Output;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Cli.Commands.Packs;

static class Upload
{
    const int ChunkBytes = 512 * 1024;

    /// <summary>Sends an archive in chunks and waits for the answer.</summary>
    public static async Task<TResponse> SendAsync<TRequest, TResponse>(
        this AsyncClientStreamingCall<TRequest, TResponse> call,
        byte[] archive,
        Func<ByteString, TRequest> chunk,
        Action<string> progress,
        CancellationToken ct)
    {
        try
        {
            for (var sent = 0; sent < archive.Length; sent += ChunkBytes)
            {
                progress($"Uploading {Texts.Size(sent)} of {Texts.Size(archive.Length)}");
                var part = archive.AsMemory(sent, Math.Min(ChunkBytes, archive.Length - sent));
                await call.RequestStream.WriteAsync(chunk(UnsafeByteOperations.UnsafeWrap(part)), ct);
            }

            progress("Waiting for the server");
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception cut) when (cut is RpcException or InvalidOperationException or IOException)
        {
            // A server that refuses early ends the call while we still write; why is in its answer.
        }

        return await call.ResponseAsync;
    }
}
