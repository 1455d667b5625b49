using Attune.Packs.Archives;
using Attune.Server.Hosting;

namespace Attune.Server.Packs;

/// <summary>An archive on its way in: kept on disk until it is whole, so that slow uploads cost no memory.</summary>
sealed class PackUpload : IAsyncDisposable
{
    // Unpacking holds a whole pack in memory, up to a few times the limit.
    static readonly SemaphoreSlim Unpacking = new(2);

    readonly FileStream file = new(Path.GetTempFileName(), new FileStreamOptions
    {
        Mode = FileMode.Create,
        Access = FileAccess.ReadWrite,
        Options = FileOptions.Asynchronous | FileOptions.DeleteOnClose,
    });

    /// <exception cref="Grpc.Core.RpcException">ARCHIVE_TOO_LARGE.</exception>
    public async Task AddAsync(ReadOnlyMemory<byte> chunk, CancellationToken ct)
    {
        if (file.Length + chunk.Length > PackFiles.MaxBytes)
            throw TooLarge($"The archive is larger than {PackFiles.MaxBytes >> 20} MiB.").ToRpcException();
        await file.WriteAsync(chunk, ct);
    }

    /// <summary>Unpacks what came and does something with it; few at a time.</summary>
    public async Task<Result<T>> UseAsync<T>(Func<PackFiles, Task<Result<T>>> use, CancellationToken ct)
        where T : notnull
    {
        await Unpacking.WaitAsync(ct);
        try
        {
            file.Position = 0;
            return await use(PackArchive.Read(file));
        }
        catch (PackArchiveException exception)
        {
            return exception.IsTooLarge ? TooLarge(exception.Message) : Failure.Invalid("ARCHIVE_INVALID", "chunk", exception.Message);
        }
        finally
        {
            Unpacking.Release();
        }
    }

    public ValueTask DisposeAsync() => file.DisposeAsync();

    static Failure TooLarge(string message) => new(FailureKind.Exhausted, "ARCHIVE_TOO_LARGE", message);
}
