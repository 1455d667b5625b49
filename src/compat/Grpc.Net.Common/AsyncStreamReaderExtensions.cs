using System.Runtime.CompilerServices;

namespace Grpc.Core;

public static class AsyncStreamReaderExtensions
{
    /// <summary>The messages of the stream, as they arrive. Cancelling ends the whole call; breaking out of the loop does not.</summary>
    public static IAsyncEnumerable<T> ReadAllAsync<T>(
        this IAsyncStreamReader<T> streamReader,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamReader);
        return Read(streamReader, cancellationToken);
    }

    // Apart from the check above, so that null is refused at the call and not at the first message.
    static async IAsyncEnumerable<T> Read<T>(
        IAsyncStreamReader<T> streamReader,
        [EnumeratorCancellation] CancellationToken ct)
    {
        while (await streamReader.MoveNext(ct).ConfigureAwait(false))
            yield return streamReader.Current;
    }
}
