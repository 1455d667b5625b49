using System.Collections.Concurrent;
using System.Globalization;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>One user, `ada` with the password `correct horse battery`; refresh tokens work once.</summary>
public sealed class FakeIdentities : IdentityService.IdentityServiceBase
{
    public const string Password = "correct horse battery";
    int issued;

    /// <summary>How long new access tokens work; none at all makes every call renew.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    public ConcurrentQueue<string> Refreshed { get; } = new();

    public ConcurrentQueue<CreateIdentityRequest> Created { get; } = new();

    public override Task<LoginResponse> Login(LoginRequest request, ServerCallContext context)
    {
        if (request is not { Login: "ada", Password: Password })
            throw FakeControlPlane.Failure(StatusCode.Unauthenticated, "LOGIN_FAILED", "The login failed.");

        var tokens = Issue();
        return Task.FromResult(new LoginResponse
        {
            AccessToken = tokens.AccessToken,
            AccessTokenExpiresAt = tokens.AccessTokenExpiresAt,
            RefreshToken = tokens.RefreshToken,
            Identity = Ada(),
        });
    }

    public override Task<RefreshTokenResponse> RefreshToken(RefreshTokenRequest request, ServerCallContext context)
    {
        if (Refreshed.Contains(request.RefreshToken))
            throw FakeControlPlane.Failure(StatusCode.Unauthenticated, "REFRESH_TOKEN_INVALID", "The login has ended.");

        Refreshed.Enqueue(request.RefreshToken);
        return Task.FromResult(Issue());
    }

    public override Task<GetCurrentIdentityResponse> GetCurrentIdentity(GetCurrentIdentityRequest request, ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue("authorization") is null)
            throw FakeControlPlane.Failure(StatusCode.Unauthenticated, "UNAUTHENTICATED", "Who are you?");

        return Task.FromResult(new GetCurrentIdentityResponse
        {
            Identity = Ada(),
            Grants = { new Grant { Resource = "executions", Actions = { "start", "read" } } },
        });
    }

    public override Task<CreateIdentityResponse> CreateIdentity(CreateIdentityRequest request, ServerCallContext context)
    {
        Created.Enqueue(request);
        return Task.FromResult(new CreateIdentityResponse { Identity = new() { Login = request.Login } });
    }

    public override Task<CreateTokenResponse> CreateToken(CreateTokenRequest request, ServerCallContext context)
        => Task.FromResult(new CreateTokenResponse
        {
            ApiToken = new() { Id = 3, Name = request.Name, ExpiresAt = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) },
            Token = "att_secret",
        });

    public override Task<DeleteIdentityResponse> DeleteIdentity(DeleteIdentityRequest request, ServerCallContext context)
        => Task.FromResult(new DeleteIdentityResponse());

    static Identity Ada() => new() { Id = 7, Login = "ada", DisplayName = "Ada", PermissionSets = { "core.executor" } };

    RefreshTokenResponse Issue()
    {
        var number = Interlocked.Increment(ref issued).ToString(CultureInfo.InvariantCulture);
        return new()
        {
            AccessToken = $"access-{number}",
            AccessTokenExpiresAt = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow() + AccessTokenLifetime),
            RefreshToken = $"refresh-{number}",
        };
    }
}
