namespace Grpc.Core;

/// <summary>Thrown to the caller of a failed call; thrown by a server method, it decides the status of the call.</summary>
public class RpcException : Exception
{
    public RpcException(Status status)
        : this(status, Metadata.Empty, status.ToString())
    {
    }

    /// <param name="status">The status of the call.</param>
    /// <param name="message">The exception's message only: it does not become the status detail.</param>
    public RpcException(Status status, string message)
        : this(status, Metadata.Empty, message)
    {
    }

    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    public Status Status { get; }

    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>Thrown by a server method, these are sent after the trailers that the method set itself.</summary>
    public Metadata Trailers { get; }
}
