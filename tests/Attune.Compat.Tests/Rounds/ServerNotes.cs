using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Compat.Tests.Rounds;

/// <summary>Notes each call and who signed it, and signs its trailers.</summary>
sealed class ServerNotes(string name, ServerSide seen) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Note(MethodType.Unary, context);
        return continuation(request, context);
    }

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note(MethodType.ClientStreaming, context);
        return continuation(requestStream, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note(MethodType.ServerStreaming, context);
        return continuation(request, responseStream, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note(MethodType.DuplexStreaming, context);
        return continuation(requestStream, responseStream, context);
    }

    void Note(MethodType type, ServerCallContext context)
    {
        seen.Intercepted.Enqueue($"{name} {type} by {context.RequestHeaders.GetValue("by")}");
        context.ResponseTrailers.Add("passed", name);
    }
}
