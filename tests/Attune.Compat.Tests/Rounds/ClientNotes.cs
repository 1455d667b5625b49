using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Compat.Tests.Rounds;

/// <summary>Notes each call that it passes on, and signs it in the header <c>by</c>.</summary>
sealed class ClientNotes(string name, List<string> seen) : Interceptor
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
        => continuation(request, Sign(context, "blocking"));

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        => continuation(request, Sign(context, "unary"));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        => continuation(request, Sign(context, "server"));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        => continuation(Sign(context, "client"));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        => continuation(Sign(context, "duplex"));

    ClientInterceptorContext<TRequest, TResponse> Sign<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        string kind)
        where TRequest : class
        where TResponse : class
    {
        seen.Add($"{name} {kind}");
        Metadata headers = [.. context.Options.Headers ?? [], new("by", name)];
        return new(context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}
