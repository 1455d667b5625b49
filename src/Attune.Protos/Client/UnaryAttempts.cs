using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Protos.Client;

/// <summary>One unary call as its caller sees it, over the attempts that are made for it.</summary>
sealed class UnaryAttempts<TRequest, TResponse>(
    TRequest request,
    ClientInterceptorContext<TRequest, TResponse> context,
    Interceptor.AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    where TRequest : class
    where TResponse : class
{
    readonly TaskCompletionSource<Metadata> headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TRequest request = request;
    volatile AsyncUnaryCall<TResponse>? last;
    volatile bool cancelled;

    public CancellationToken CancellationToken => context.Options.CancellationToken;

    /// <summary>True if a second attempt cannot do anything twice. Gives a mutation its request_id where it has none.</summary>
    public bool MakeRepeatable(string method)
    {
        if (method.StartsWith("Get", StringComparison.Ordinal)
            || method.StartsWith("List", StringComparison.Ordinal)
            || method.StartsWith("Explain", StringComparison.Ordinal))
            return true;

        if ((request as IMessage)?.Descriptor.FindFieldByName("request_id")?.Accessor is not { } requestId)
            return false;

        // On a copy: the caller may send the same message again and mean it.
        if (requestId.GetValue((IMessage)request) is "")
        {
            request = ((IDeepCloneable<TRequest>)request).Clone();
            requestId.SetValue((IMessage)request, Guid.NewGuid().ToString("N"));
        }

        return true;
    }

    public async Task<TResponse> TryAsync(
        Func<ClientInterceptorContext<TRequest, TResponse>, ClientInterceptorContext<TRequest, TResponse>> prepare)
    {
        var attempt = continuation(request, prepare(context));
        last = attempt;
        if (cancelled)
            attempt.Dispose();

        var answer = await attempt.ResponseAsync;
        headers.TrySetResult(await attempt.ResponseHeadersAsync);
        return answer;
    }

    public AttuneException Fail(RpcException failure)
    {
        var typed = AttuneException.From(failure);
        headers.TrySetException(typed);
        // Whoever asks for the headers hears it; whoever does not must not hear it as an unobserved exception.
        _ = headers.Task.Exception;
        return typed;
    }

    public Task<Metadata> HeadersAsync() => headers.Task;

    public Status Status() => (last ?? throw new InvalidOperationException("The call has not ended.")).GetStatus();

    public Metadata Trailers() => (last ?? throw new InvalidOperationException("The call has not ended.")).GetTrailers();

    public void Cancel()
    {
        cancelled = true;
        last?.Dispose();
    }
}
