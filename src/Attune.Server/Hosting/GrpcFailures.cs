using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Hosting;

/// <summary>The only place where a failure becomes a gRPC status.</summary>
static class GrpcFailures
{
    public const string DetailsTrailer = "grpc-status-details-bin";

    public static T OrThrowRpc<T>(this Result<T> result)
        where T : notnull
        => result.IsOk(out var ok, out var failure) ? ok : throw failure.ToRpcException();

    public static void ThrowRpcIfAny(this Failure? failure)
    {
        if (failure is not null)
            throw failure.ToRpcException();
    }

    public static RpcException ToRpcException(this Failure failure) => ToRpcException(failure, CodeOf(failure.Kind));

    /// <summary>For what nobody expected: the id finds it in the server's log, and that is all the caller learns.</summary>
    public static RpcException Internal(string correlationId)
        => ToRpcException(
            new(default, "INTERNAL", $"Internal error. The server's log has more under correlation id {correlationId}.")
            {
                Metadata = new Dictionary<string, string> { ["correlation_id"] = correlationId },
            },
            StatusCode.Internal);

    static RpcException ToRpcException(Failure failure, StatusCode code)
    {
        var detail = new ErrorDetail { Reason = failure.Reason };
        detail.FieldViolations.AddRange(failure.Violations.Select(
            violation => new FieldViolation { Field = violation.Field, Description = violation.Description }));
        foreach (var (key, value) in failure.Metadata)
            detail.Metadata.Add(key, value);

        var status = new Google.Rpc.Status { Code = (int)code, Message = failure.Message, Details = { Any.Pack(detail) } };
        return new(new(code, failure.Message), new Metadata { { DetailsTrailer, status.ToByteArray() } });
    }

    static StatusCode CodeOf(FailureKind kind) => kind switch
    {
        FailureKind.Invalid => StatusCode.InvalidArgument,
        FailureKind.Unauthenticated => StatusCode.Unauthenticated,
        FailureKind.Denied => StatusCode.PermissionDenied,
        FailureKind.NotFound => StatusCode.NotFound,
        FailureKind.AlreadyExists => StatusCode.AlreadyExists,
        FailureKind.Refused => StatusCode.FailedPrecondition,
        FailureKind.Stale => StatusCode.Aborted,
        FailureKind.Exhausted => StatusCode.ResourceExhausted,
        FailureKind.Unavailable => StatusCode.Unavailable,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
