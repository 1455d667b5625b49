using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Protos.Client;

/// <summary>What every call of an <see cref="AttuneClient"/> has in common: login, deadline, retries, typed errors.</summary>
sealed class CallPolicy(AttuneClientOptions options, RenewTokens renew, TimeProvider clock) : Interceptor
{
    static readonly TimeSpan retryDelayMax = TimeSpan.FromSeconds(5);

    volatile AttuneCredentials? credentials = options.Credentials;

    public AttuneCredentials? Credentials
    {
        set => credentials = value;
    }

    public DateTime Deadline() => clock.GetUtcNow().UtcDateTime + options.Timeout;

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        var unary = new UnaryAttempts<TRequest, TResponse>(request, WithDeadline(context), continuation);
        return new(RunAsync(unary, context.Method.Name), unary.HeadersAsync(), unary.Status, unary.Trailers, unary.Cancel);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var call = continuation(request, Authorized(context, new()));
        return new(
            new TypedErrorsReader<TResponse>(call.ResponseStream),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var call = continuation(Authorized(context, new()));
        return new(
            call.RequestStream, TypedErrors.Of(call.ResponseAsync), call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        var call = continuation(Authorized(context, new()));
        return new(
            call.RequestStream,
            new TypedErrorsReader<TResponse>(call.ResponseStream),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    async Task<TResponse> RunAsync<TRequest, TResponse>(UnaryAttempts<TRequest, TResponse> unary, string method)
        where TRequest : class
        where TResponse : class
    {
        var repeatable = unary.MakeRepeatable(method);
        var replaced = false;
        for (var attempt = 1; ; attempt++)
        {
            var sent = new SentToken();
            try
            {
                return await unary.TryAsync(context => Authorized(context, sent));
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unauthenticated && !replaced && sent.Value is not null)
            {
                // The server may have forgotten the token before its time (a new signing key, another clock): once, get another.
                replaced = true;
                if (credentials is not { } present || !await present.ReplaceAsync(sent.Value, renew, unary.CancellationToken))
                    throw unary.Fail(failure);
            }
            catch (RpcException failure)
                when (failure.StatusCode is StatusCode.Unavailable && repeatable && attempt < options.AttemptsMax)
            {
                await Task.Delay(DelayBefore(attempt + 1), clock, unary.CancellationToken);
            }
            catch (RpcException failure)
            {
                throw unary.Fail(failure);
            }
        }
    }

    // Jittered, so that clients that lost the same server do not come back in step.
    TimeSpan DelayBefore(int attempt)
    {
        var whole = options.RetryDelay * Math.Pow(2, attempt - 2);
        return (whole < retryDelayMax ? whole : retryDelayMax) * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    ClientInterceptorContext<TRequest, TResponse> WithDeadline<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class
        where TResponse : class
        => context.Options.Deadline is not null
            ? context
            : new(context.Method, context.Host, context.Options.WithDeadline(Deadline()));

    ClientInterceptorContext<TRequest, TResponse> Authorized<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, SentToken sent)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata();
        foreach (var entry in context.Options.Headers ?? [])
            headers.Add(entry);
        headers.Add("user-agent", options.UserAgent);
        var call = context.Options.WithHeaders(headers);
        if (credentials is { } present && !IsAnonymous(context.Method.Name))
        {
            call = call.WithCredentials(CallCredentials.FromInterceptor(async (auth, metadata) =>
            {
                sent.Value = await present.TokenAsync(renew, clock, auth.CancellationToken);
                metadata.Add("authorization", $"Bearer {sent.Value}");
            }));
        }

        return new(context.Method, context.Host, call);
    }

    // A login that has ended must not stand in the way of logging in again.
    static bool IsAnonymous(string method) => method is "Login" or "RefreshToken" or "GetVersion" or "Enroll";
}

/// <summary>The token that a call went out with, once it did.</summary>
sealed class SentToken
{
    public string? Value { get; set; }
}
