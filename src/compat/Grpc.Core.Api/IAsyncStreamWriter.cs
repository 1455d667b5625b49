namespace Grpc.Core;

/// <summary>A stream of messages to the other side. One write at a time: await it before the next.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>For the writes from now on; null inherits those of the call.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Completes when the message is handed to the transport, which is also how the stream pushes back.</summary>
    Task WriteAsync(T message);

    /// <summary>As <see cref="WriteAsync(T)"/>; a cancelled write cancels the whole call, for half a message may be out.</summary>
    /// <exception cref="NotSupportedException">The token can be cancelled, and this implementation of gRPC ignores tokens.</exception>
    Task WriteAsync(T message, CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? throw new NotSupportedException("Cancellation of stream writes is not supported by this gRPC implementation.")
        : WriteAsync(message);
}

/// <summary>The requests of a call, written by the client.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Ends the stream of requests; the responses go on.</summary>
    Task CompleteAsync();
}

/// <summary>The responses of a call, written by the server; they end when the method returns.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
