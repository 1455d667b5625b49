using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Identities;

sealed class IdentityGrpc(
    Logins logins, IdentityDirectory identities, SetPassword setPassword, ApiTokens apiTokens, PermissionAssignments assignments)
    : IdentityService.IdentityServiceBase
{
    public override async Task<LoginResponse> Login(LoginRequest request, ServerCallContext context)
        => (await logins.LogInAsync(request.Login, request.Password, AddressOf(context), context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<RefreshTokenResponse> RefreshToken(RefreshTokenRequest request, ServerCallContext context)
        => (await logins.RefreshAsync(request.RefreshToken, context.CancellationToken)).OrThrowRpc().ToWire();

    public override async Task<GetCurrentIdentityResponse> GetCurrentIdentity(
        GetCurrentIdentityRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();

        // An execution's token stands for no identity; it still has a name and grants.
        var identity = caller.IdentityId is 0
            ? new() { Login = caller.Login }
            : (await identities.GetAsync(caller.Login, context.CancellationToken)).OrThrowRpc().ToWire();
        return new() { Identity = identity, Grants = { caller.Grants.Select(IdentityMapping.ToWire) } };
    }

    public override async Task<CreateIdentityResponse> CreateIdentity(CreateIdentityRequest request, ServerCallContext context)
    {
        var created = await identities.CreateAsync(request.ToCommand(), context.GetCaller(), context.CancellationToken);
        return new() { Identity = created.OrThrowRpc().ToWire() };
    }

    public override async Task<GetIdentityResponse> GetIdentity(GetIdentityRequest request, ServerCallContext context)
        => new() { Identity = (await identities.GetAsync(request.Login, context.CancellationToken)).OrThrowRpc().ToWire() };

    public override async Task<ListIdentitiesResponse> ListIdentities(ListIdentitiesRequest request, ServerCallContext context)
    {
        var page = (await identities.ListAsync(request.PageSize, request.PageToken, context.CancellationToken)).OrThrowRpc();
        return new() { Identities = { page.Rows.Select(IdentityMapping.ToWire) }, NextPageToken = page.NextToken };
    }

    public override async Task<UpdateIdentityResponse> UpdateIdentity(UpdateIdentityRequest request, ServerCallContext context)
        => new() { Identity = (await identities.UpdateAsync(request.ToCommand(), context.CancellationToken)).OrThrowRpc().ToWire() };

    public override async Task<DeleteIdentityResponse> DeleteIdentity(DeleteIdentityRequest request, ServerCallContext context)
    {
        (await identities.DeleteAsync(request.Login, context.CancellationToken)).ThrowRpcIfAny();
        return new();
    }

    public override async Task<SetPasswordResponse> SetPassword(SetPasswordRequest request, ServerCallContext context)
    {
        var command = new SetPasswordCommand(request.Login, request.CurrentPassword, request.NewPassword, AddressOf(context));
        (await setPassword.RunAsync(command, context.GetCaller(), context.CancellationToken)).ThrowRpcIfAny();
        return new();
    }

    public override async Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
    {
        var created = (await apiTokens.CreateAsync(
            request.Name, request.Ttl?.ToTimeSpan(), context.GetCaller(), context.CancellationToken)).OrThrowRpc();
        return new() { ApiToken = created.ApiToken.ToWire(), Token = created.Text };
    }

    public override async Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context)
    {
        var tokens = (await apiTokens.ListAsync(request.Login, context.GetCaller(), context.CancellationToken)).OrThrowRpc();
        return new() { ApiTokens = { tokens.Select(IdentityMapping.ToWire) } };
    }

    public override async Task<RevokeTokenResponse> RevokeToken(RevokeTokenRequest request, ServerCallContext context)
    {
        var revoked = await apiTokens.RevokeAsync(request.TokenId, context.GetCaller(), context.CancellationToken);
        return new() { ApiToken = revoked.OrThrowRpc().ToWire() };
    }

    public override async Task<ListPermissionSetsResponse> ListPermissionSets(
        ListPermissionSetsRequest request, ServerCallContext context)
    {
        var page = (await assignments.ListAsync(request.PageSize, request.PageToken, context.CancellationToken)).OrThrowRpc();
        return new() { PermissionSets = { page.Rows.Select(IdentityMapping.ToWire) }, NextPageToken = page.NextToken };
    }

    public override async Task<AssignPermissionSetResponse> AssignPermissionSet(
        AssignPermissionSetRequest request, ServerCallContext context)
    {
        var identity = await assignments.AssignAsync(
            request.Login, request.PermissionSetRef, context.GetCaller(), context.CancellationToken);
        return new() { Identity = identity.OrThrowRpc().ToWire() };
    }

    public override async Task<UnassignPermissionSetResponse> UnassignPermissionSet(
        UnassignPermissionSetRequest request, ServerCallContext context)
    {
        var identity = await assignments.UnassignAsync(request.Login, request.PermissionSetRef, context.CancellationToken);
        return new() { Identity = identity.OrThrowRpc().ToWire() };
    }

    static string AddressOf(ServerCallContext context) => context.GetHttpContext().Connection.RemoteIpAddress?.ToString() ?? "";
}
