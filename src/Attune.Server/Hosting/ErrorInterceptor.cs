using System.Security.Cryptography;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Npgsql;

namespace Attune.Server.Hosting;

/// <summary>Turns what nobody expected into a status that says little to the caller and everything to the log.</summary>
sealed partial class ErrorInterceptor(IHostApplicationLifetime lifetime, ILogger<ErrorInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(requestStream, context);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception, context);
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception, context);
        }
    }

    RpcException Translate(Exception exception, ServerCallContext context)
    {
        // A caller that is gone breaks reads and writes in many ways; none of them is news.
        if (context.CancellationToken.IsCancellationRequested)
            return new(new(StatusCode.Cancelled, "The call was cancelled."));

        switch (exception)
        {
            case OperationCanceledException or ChannelClosedException when lifetime.ApplicationStopping.IsCancellationRequested:
                return new Failure(FailureKind.Unavailable, "SERVER_STOPPING", "The server is stopping. Try again.").ToRpcException();
            case PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter }:
                return new Failure(FailureKind.Invalid, "TEXT_INVALID", "A text in the request holds a NUL character.").ToRpcException();
            case NpgsqlException { IsTransient: true }:
                LogTransient(context.Method, exception);
                return new Failure(FailureKind.Unavailable, "DATABASE_UNAVAILABLE", "The database is busy. Try again.").ToRpcException();
            default:
                var correlationId = RandomNumberGenerator.GetHexString(16, lowercase: true);
                LogUnexpected(context.Method, correlationId, exception);
                return GrpcFailures.Internal(correlationId);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} met a database that is busy or away; the caller was told to try again")]
    partial void LogTransient(string method, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed unexpectedly; the caller got correlation id {CorrelationId}")]
    partial void LogUnexpected(string method, string correlationId, Exception exception);
}
