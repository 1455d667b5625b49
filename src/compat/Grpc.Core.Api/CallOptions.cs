using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>How one call is made. It does not change; each <c>With…</c> returns a copy.</summary>
[method: SuppressMessage("Design", "CA1068", Justification = "The order of the parameters is public API of gRPC.")]
public readonly struct CallOptions(
    Metadata? headers = null,
    DateTime? deadline = null,
    CancellationToken cancellationToken = default,
    WriteOptions? writeOptions = null,
    ContextPropagationToken? propagationToken = null,
    CallCredentials? credentials = null)
{
    public Metadata? Headers { get; private init; } = headers;

    /// <summary>An instant in UTC; null, as <see cref="DateTime.MaxValue"/>, is no deadline.</summary>
    public DateTime? Deadline { get; private init; } = deadline;

    public CancellationToken CancellationToken { get; private init; } = cancellationToken;

    public WriteOptions? WriteOptions { get; private init; } = writeOptions;

    public ContextPropagationToken? PropagationToken { get; private init; } = propagationToken;

    /// <summary>Added to those of the channel.</summary>
    public CallCredentials? Credentials { get; private init; } = credentials;

    /// <summary>The call waits for a connection (up to its deadline) instead of failing at once.</summary>
    public bool IsWaitForReady { get; private init; }

    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <inheritdoc cref="Deadline"/>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    public CallOptions WithCancellationToken(CancellationToken cancellationToken)
        => this with { CancellationToken = cancellationToken };

    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    public CallOptions WithPropagationToken(ContextPropagationToken propagationToken)
        => this with { PropagationToken = propagationToken };

    public CallOptions WithCredentials(CallCredentials credentials) => this with { Credentials = credentials };

    /// <inheritdoc cref="IsWaitForReady"/>
    public CallOptions WithWaitForReady(bool waitForReady = true) => this with { IsWaitForReady = waitForReady };
}
