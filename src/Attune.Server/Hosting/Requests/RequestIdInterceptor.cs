using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Server.Hosting.Requests;

/// <summary>
/// `request_id` of every unary mutation: the same id from the same identity gets the first answer again for a day. Failures are
/// not kept, so they can be tried again. The rpcs that start executions see to it themselves, in the row's own transaction.
/// </summary>
sealed class RequestIdInterceptor(RequestStore store) : Interceptor
{
    public const int LengthMax = 128;

    static readonly FrozenSet<string> SeeToItThemselves = FrozenSet.Create(
        "/attune.v1.ExecutionService/StartExecution",
        "/attune.v1.ExecutionService/StartExecutions",
        "/attune.v1.ExecutionService/RerunExecution");

    static readonly FrozenDictionary<string, FieldDescriptor> Fields = ApiDescriptors.Methods
        .Where(method => !method.IsClientStreaming && !method.IsServerStreaming)
        .Select(method => (Path: ApiDescriptors.PathOf(method), Field: method.InputType.FindFieldByName("request_id")))
        .Where(method => method.Field is not null && !SeeToItThemselves.Contains(method.Path))
        .ToFrozenDictionary(method => method.Path, method => method.Field);

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!Fields.TryGetValue(context.Method, out var field) || request is not IMessage message)
            return continuation(request, context);

        var requestId = (string)field.Accessor.GetValue(message);
        if (requestId.Length > LengthMax)
            throw Failure.Invalid("REQUEST_ID_TOO_LONG", "request_id", $"At most {LengthMax} characters.").ToRpcException();

        // An execution's token is nobody's, and the table remembers by identity; its calls are few and their own to repeat.
        var caller = context.GetCaller();
        return requestId is "" || caller.IdentityId is 0
            ? continuation(request, context)
            : RunOnceAsync(new(caller.IdentityId, context.Method, requestId), request, context, continuation);
    }

    async Task<TResponse> RunOnceAsync<TRequest, TResponse>(
        RequestKey key, TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        switch (await store.BeginAsync(key, context.CancellationToken))
        {
            case { Answer: { } answer }:
                var first = (IMessage)Activator.CreateInstance<TResponse>();
                first.MergeFrom(answer);
                return (TResponse)first;
            case { IsMine: false }:
                throw new Failure(
                    FailureKind.Stale, "REQUEST_IN_PROGRESS", "A call with this request_id is under way. Try again for its answer.")
                    .ToRpcException();
        }

        TResponse response;
        try
        {
            response = await continuation(request, context);
        }
        catch
        {
            // Not with the call's token: a caller who hangs up must be able to try again.
            await store.ForgetAsync(key, CancellationToken.None);
            throw;
        }

        await store.CompleteAsync(key, ((IMessage)response).ToByteArray(), CancellationToken.None);
        return response;
    }
}
