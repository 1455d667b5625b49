using System.Security.Cryptography;
using Attune.Agent.Configuration;
using Attune.Agent.Session;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Joining;

/// <summary>Finds the agent's identity, or trades the join token for one.</summary>
sealed partial class JoinOrLoad(
    AgentSettings settings, ControlPlane controlPlane, IdentityStore store, TimeProvider clock, ILogger<JoinOrLoad> logger)
{
    /// <summary>Goes on trying while the control plane is away. Throws <see cref="HopelessException"/> when it says no.</summary>
    public async Task<AgentIdentity> RunAsync(CancellationToken ct)
    {
        var identity = store.Load();
        if (identity is not null && identity.Name != settings.Name)
            throw new HopelessException(
                ExitCode.StateInUse,
                $"{settings.StateDirectory} belongs to the agent '{identity.Name}', not '{settings.Name}'. Give each agent its own --state-dir.");
        if (identity is not null && identity.ExpiresAt > clock.GetUtcNow())
            return identity;

        var problem = identity is null
            ? "This agent has not joined yet"
            : $"The agent's certificate expired on {identity.ExpiresAt:yyyy-MM-dd HH:mm} UTC, so the control plane no longer knows it";
        identity?.Dispose();
        if (!settings.JoinToken.IsGiven)
            throw new HopelessException(
                ExitCode.NotJoined,
                $"{problem}. Make a join token with `attune agent token create` and start the agent once with --join-token-file FILE.");

        var token = await ReadTokenAsync(ct);
        return await JoinAsync(token, ct);
    }

    async Task<string> ReadTokenAsync(CancellationToken ct)
    {
        try
        {
            return await settings.JoinToken.ReadAsync(ct) is { Length: > 0 } token
                ? token
                : throw new HopelessException(ExitCode.NotJoined, "The join token is empty. Make one with `attune agent token create`.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HopelessException(ExitCode.NotJoined, $"The join token cannot be read: {failure.Message}");
        }
    }

    async Task<AgentIdentity> JoinAsync(string token, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            try
            {
                using var channel = controlPlane.Open(identity: null);
                var answer = await new WorkerService.WorkerServiceClient(channel).EnrollAsync(
                    new()
                    {
                        JoinToken = token,
                        Name = settings.Name,
                        Role = settings.Role,
                        CertificateRequest = UnsafeByteOperations.UnsafeWrap(AgentIdentity.Request(key, settings.Name)),
                    },
                    deadline: clock.GetUtcNow().UtcDateTime.AddSeconds(30),
                    cancellationToken: ct);
                var identity = AgentIdentity.Create(key, answer.Certificate);
                store.SaveJoin(answer.CaCertificate, answer.Labels);
                store.Save(identity);
                LogJoined(settings.Name, identity.ExpiresAt);
                return identity;
            }
            catch (RpcException failure) when (IsPassing(failure) && !ct.IsCancellationRequested)
            {
                key.Dispose();
                var delay = Backoff.DelayBefore(attempt, Random.Shared.NextDouble(), Backoff.Longest);
                LogJoinAgain(controlPlane.Server, failure.Status.Detail, delay);
                await Task.Delay(delay, clock, ct);
            }
            catch (RpcException failure) when (!ct.IsCancellationRequested)
            {
                key.Dispose();
                throw new HopelessException(ExitCode.NotJoined, Explain(failure));
            }
        }
    }

    static bool IsPassing(RpcException failure) => !failure.IsUntrustedServer() && failure.StatusCode is
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.Aborted
        or StatusCode.ResourceExhausted;

    string Explain(RpcException failure) => failure.Reason() switch
    {
        _ when failure.IsUntrustedServer()
            => $"{controlPlane.Server} shows a certificate that is not trusted ({failure.Status.DebugException?.InnerException?.Message}). Give the CA with --ca-file.",
        "JOIN_TOKEN_INVALID" => "The join token is unknown, used, revoked or expired. Make a new one with `attune agent token create`.",
        "NAME_IN_USE" => $"Another agent is called '{settings.Name}'. Choose another --name, or remove that agent first.",
        "ROLE_NOT_ALLOWED" => $"The join token does not allow the role {settings.Role.ToString().ToLowerInvariant()}. Use the token's role with --role, or make another token.",
        _ => $"{controlPlane.Server} refused to let the agent join: {failure.Status.Detail} ({failure.StatusCode}).",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Joined as {Name}; the certificate is good until {ExpiresAt:u} and renews itself")]
    partial void LogJoined(string name, DateTimeOffset expiresAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} cannot be reached to join ({Detail}); trying again in {Delay}")]
    partial void LogJoinAgain(Uri server, string detail, TimeSpan delay);
}
