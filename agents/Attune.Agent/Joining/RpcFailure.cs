using System.Security.Authentication;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Attune.Agent.Joining;

/// <summary>What a failed call says: the stable reason of its detail, and whether TLS is to blame.</summary>
static class RpcFailure
{
    const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>Empty where the failure carries no detail.</summary>
    public static string Reason(this RpcException exception)
    {
        if (exception.Trailers.FirstOrDefault(each => each.Key == DetailsTrailer) is not { IsBinary: true } trailer)
            return "";

        try
        {
            var status = Google.Rpc.Status.Parser.ParseFrom(trailer.ValueBytes);
            return status.Details.FirstOrDefault(each => each.Is(ErrorDetail.Descriptor))?.Unpack<ErrorDetail>().Reason ?? "";
        }
        catch (InvalidProtocolBufferException)
        {
            return "";
        }
    }

    public static bool IsUntrustedServer(this RpcException exception)
    {
        var cause = exception.Status.DebugException;
        while (cause is not null and not AuthenticationException)
            cause = cause.InnerException;
        return cause is not null;
    }
}
