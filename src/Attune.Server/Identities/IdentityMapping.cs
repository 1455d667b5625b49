using Attune.Server.Hosting;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Identities;

static class IdentityMapping
{
    public static Wire.LoginResponse ToWire(this (LoggedIn LoggedIn, Identity Identity) login) => new()
    {
        AccessToken = login.LoggedIn.Access.Text,
        AccessTokenExpiresAt = login.LoggedIn.Access.ExpiresAt.ToTimestamp(),
        RefreshToken = login.LoggedIn.Refresh.Text,
        RefreshTokenExpiresAt = login.LoggedIn.Refresh.ExpiresAt.ToTimestamp(),
        Identity = login.Identity.ToWire(),
    };

    public static Wire.RefreshTokenResponse ToWire(this LoggedIn refreshed) => new()
    {
        AccessToken = refreshed.Access.Text,
        AccessTokenExpiresAt = refreshed.Access.ExpiresAt.ToTimestamp(),
        RefreshToken = refreshed.Refresh.Text,
        RefreshTokenExpiresAt = refreshed.Refresh.ExpiresAt.ToTimestamp(),
    };

    public static Wire.Identity ToWire(this Identity identity) => new()
    {
        Id = identity.Id,
        Login = identity.Login,
        DisplayName = identity.DisplayName ?? "",
        Attributes = JsonParser.Default.Parse<Struct>(identity.Attributes),
        PermissionSets = { identity.PermissionSets },
        HasPassword = identity.HasPassword,
        Created = identity.Created.ToTimestamp(),
        Updated = identity.Updated.ToTimestamp(),
    };

    public static Wire.ApiToken ToWire(this ApiToken token) => new()
    {
        Id = token.Id,
        Name = token.Name,
        IdentityLogin = token.IdentityLogin,
        Created = token.Created.ToTimestamp(),
        ExpiresAt = token.ExpiresAt?.ToTimestamp(),
        LastUsedAt = token.LastUsedAt?.ToTimestamp(),
        RevokedAt = token.RevokedAt?.ToTimestamp(),
    };

    public static Wire.PermissionSet ToWire(this PermissionSet set) => new()
    {
        Ref = set.Ref,
        PackRef = set.PackRef ?? "",
        Label = set.Label ?? "",
        Description = set.Description ?? "",
        Grants = { GrantJson.Parse(set.Grants).Select(ToWire) },
    };

    public static Wire.Grant ToWire(this AccessGrant grant)
        => new() { Resource = grant.Resource, Actions = { grant.Actions }, Packs = { grant.Packs } };

    public static CreateIdentityCommand ToCommand(this Wire.CreateIdentityRequest request)
        => new(request.Login, request.DisplayName, request.Password, JsonOf(request.Attributes), request.PermissionSets);

    public static UpdateIdentityCommand ToCommand(this Wire.UpdateIdentityRequest request) => new(
        request.Login,
        request.DisplayName,
        JsonOf(request.Attributes),
        (request.UpdateMask?.Paths ?? []).ToHashSet(),
        request.Updated?.ToDateTimeOffset());

    static string JsonOf(Struct? attributes) => attributes is null ? "{}" : JsonFormatter.Default.Format(attributes);
}
