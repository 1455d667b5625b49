using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Joining;

/// <summary>
/// Keeps the identity young: from two thirds of its life on it asks for a certificate for a new key, until one comes.
/// Called by the session's loops one at a time: request by the heartbeat loop, answer by the read loop.
/// </summary>
sealed partial class Renewal(AgentIdentity identity, IdentityStore store, TimeProvider clock, ILogger<Renewal> logger)
{
    static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    readonly Lock gate = new();
    ECDsa? pending;
    DateTimeOffset askedAt;

    /// <summary>The newest identity; a session that runs keeps the one it began with.</summary>
    public AgentIdentity Identity { get; private set; } = identity;

    /// <summary>Null while nothing is to be asked.</summary>
    public ByteString? RequestWhenDue()
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            if (now < Identity.RenewAt || now - askedAt < AskAgainAfter)
                return null;

            // The same key again: an answer to an earlier request must still fit.
            pending ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
            askedAt = now;
            return UnsafeByteOperations.UnsafeWrap(AgentIdentity.Request(pending, Identity.Name));
        }
    }

    /// <summary>A request on a stream that ended is lost.</summary>
    public void StreamBegan()
    {
        lock (gate)
            askedAt = default;
    }

    public void Accept(string chainPem)
    {
        lock (gate)
        {
            if (pending is null)
                return;

            try
            {
                var renewed = AgentIdentity.Create(pending, chainPem);
                store.Save(renewed);
                Identity = renewed;
                pending = null;
                LogRenewed(renewed.ExpiresAt);
            }
            catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
            {
                LogNotRenewed(failure.Message, Identity.ExpiresAt);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate was renewed and is good until {ExpiresAt:u}")]
    partial void LogRenewed(DateTimeOffset expiresAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "A renewed certificate could not be used ({Reason}); asking again, the old one is good until {ExpiresAt:u}")]
    partial void LogNotRenewed(string reason, DateTimeOffset expiresAt);
}
