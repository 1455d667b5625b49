using Attune.Server.Identities;
using Attune.Server.Workers.Joining;
using Attune.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Server.Hosting;

/// <summary>
/// Finds out who calls and whether they may, before any handler runs, and leaves the <see cref="Caller"/> on the call.
/// A known caller costs a dictionary lookup: nothing is awaited and next to nothing allocated.
/// </summary>
sealed class PermissionInterceptor(PermissionTable table, CallerCache callers, AgentAuthentication agents) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var admission = AdmitAsync(context);
        return admission.IsCompletedSuccessfully ? continuation(request, context) : AdmittedAsync();

        async Task<TResponse> AdmittedAsync()
        {
            await admission;
            return await continuation(request, context);
        }
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        return await continuation(requestStream, context);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        await continuation(request, responseStream, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await AdmitAsync(context);
        await continuation(requestStream, responseStream, context);
    }

    ValueTask AdmitAsync(ServerCallContext context)
    {
        var requirement = table.Find(context.Method) ?? throw NotListed(context.Method).ToRpcException();
        switch (requirement.Access)
        {
            case Access.Anonymous:
                return ValueTask.CompletedTask;
            case Access.Agent:
                return AdmitAgentAsync(context);
        }

        var authorization = context.GetHttpContext().Request.Headers.Authorization;
        if (authorization.Count != 1 || BearerToken.Parse(authorization[0]) is not { Length: > 0 } token)
            throw NotLoggedIn().ToRpcException();

        if (!callers.TryFind(token, out var known))
            return AdmitUnknownAsync(context, requirement, token.ToString());

        Admit(context, requirement, known);
        return ValueTask.CompletedTask;
    }

    async ValueTask AdmitUnknownAsync(ServerCallContext context, Requirement requirement, string token)
        => Admit(context, requirement, (await callers.LoadAsync(token, context.CancellationToken)).OrThrowRpc());

    async ValueTask AdmitAgentAsync(ServerCallContext context)
        => context.SetCaller((await agents.AuthenticateAsync(context, context.CancellationToken)).OrThrowRpc());

    static void Admit(ServerCallContext context, Requirement requirement, KnownCaller known)
    {
        if (!known.Allowed[requirement.Index])
            throw Caller.Denied(requirement.Resource, requirement.Action, "").ToRpcException();
        context.SetCaller(known.Caller);
    }

    static Failure NotListed(string path)
        => new(FailureKind.Denied, "RPC_NOT_LISTED", $"'{path}' names no permission, so nobody may call it.");

    static Failure NotLoggedIn() => new(
        FailureKind.Unauthenticated, "NOT_LOGGED_IN", "This call needs `authorization: Bearer <access token or API token>`.");
}
