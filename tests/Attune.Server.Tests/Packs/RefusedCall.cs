using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Packs;

/// <summary>A failed call, read as a client reads it.</summary>
sealed record RefusedCall(StatusCode Code, string Reason, IReadOnlyList<FieldViolation> Violations, string Message)
{
    public static async Task<RefusedCall> OfAsync(Func<Task> call)
    {
        var thrown = await Assert.ThrowsAsync<RpcException>(call);
        var status = Google.Rpc.Status.Parser.ParseFrom(thrown.Trailers.GetValueBytes("grpc-status-details-bin"));
        var detail = status.Details[0].Unpack<ErrorDetail>();
        return new(thrown.StatusCode, detail.Reason, detail.FieldViolations, thrown.Status.Detail);
    }
}
