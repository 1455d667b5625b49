namespace Grpc.Core;

/// <summary>A stream of messages from the other side.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message of the last <see cref="MoveNext"/> that was true.</summary>
    T Current { get; }

    /// <summary>
    /// Waits for the next message; false is the end of the stream. Cancelling cancels the whole call, not only this read.
    /// </summary>
    /// <exception cref="RpcException">On the client: the call ended with another status than OK.</exception>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
