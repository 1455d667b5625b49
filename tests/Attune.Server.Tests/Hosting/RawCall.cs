using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Attune.Server.Tests.Hosting;

/// <summary>Any rpc of any kind by its descriptor, with one empty request. A unary call is a stream of one on the wire.</summary>
static class RawCall
{
    static readonly Marshaller<byte[]> Bytes = Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes);

    /// <summary>Null when the call ended well or went on after its first answer.</summary>
    public static Task<RpcException?> TryAsync(CallInvoker invoker, MethodDescriptor method, CancellationToken ct)
        => TryAsync(invoker, method.Service.FullName, method.Name, ct);

    public static async Task<RpcException?> TryAsync(CallInvoker invoker, string service, string method, CancellationToken ct)
    {
        var rpc = new Method<byte[], byte[]>(MethodType.DuplexStreaming, service, method, Bytes, Bytes);
        using var call = invoker.AsyncDuplexStreamingCall(rpc, null, new CallOptions(cancellationToken: ct));
        try
        {
            await call.RequestStream.WriteAsync([], ct);
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // Refused before the request was read; the answer below says why.
        }

        try
        {
            await call.ResponseStream.MoveNext(ct);
            return null;
        }
        catch (RpcException exception)
        {
            return exception;
        }
    }
}
