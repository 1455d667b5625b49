using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Protos.Client;

/// <summary>
/// A call that failed, with what the server said about it. It is an <see cref="RpcException"/>, so code that knows only gRPC sees
/// the same status and trailers.
/// </summary>
public sealed class AttuneException : RpcException
{
    const string DetailsTrailer = "grpc-status-details-bin";

    AttuneException(RpcException cause, ErrorDetail detail)
        : base(cause.Status, cause.Trailers, cause.Status.Detail is "" ? cause.StatusCode.ToString() : cause.Status.Detail)
        => Detail = detail;

    /// <summary>UPPER_SNAKE_CASE as documented on the rpc; empty when the failure is not Attune's own (no connection, a proxy).</summary>
    public string Reason => Detail.Reason;

    /// <summary>Every invalid field of the request at once.</summary>
    public IReadOnlyList<FieldViolation> FieldViolations => Detail.FieldViolations;

    /// <summary>Values a program may want: `permission`, `retry_after_seconds`, `correlation_id`, …</summary>
    public IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string>(Detail.Metadata);

    ErrorDetail Detail { get; }

    public static AttuneException From(RpcException failure)
        => failure as AttuneException ?? new(failure, Read(failure.Trailers));

    // Whatever stands between may cut or replace the trailer; the status itself is still worth reporting.
    static ErrorDetail Read(Metadata trailers)
    {
        try
        {
            if (trailers.GetValueBytes(DetailsTrailer) is { } bytes)
            {
                foreach (var any in Google.Rpc.Status.Parser.ParseFrom(bytes).Details)
                {
                    if (any.TryUnpack<ErrorDetail>(out var detail))
                        return detail;
                }
            }
        }
        catch (InvalidProtocolBufferException)
        {
        }

        return new();
    }
}
