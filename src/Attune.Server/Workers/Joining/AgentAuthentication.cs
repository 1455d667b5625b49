using System.Globalization;
using Attune.Server.Hosting;
using Grpc.Core;

namespace Attune.Server.Workers.Joining;

/// <summary>
/// Which agent makes a call: by the `attune-agent` header, or else by the TLS client certificate. The certificate must also be
/// the one that the worker's row names, or its successor; see README.md.
/// </summary>
sealed class AgentAuthentication(AgentCertificates certificates, JoiningStore store, TimeProvider clock)
{
    static readonly TimeSpan ClockDifferenceMax = TimeSpan.FromSeconds(300);

    public async ValueTask<Result<Caller>> AuthenticateAsync(ServerCallContext context, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (!Verify(context, now).IsOk(out var certificate, out var failure))
            return failure;
        if (now < certificate.NotBefore || now >= certificate.ExpiresAt)
            return Refuse(
                "AGENT_CERTIFICATE_EXPIRED",
                $"The certificate of agent '{certificate.WorkerName}' is good from {Text(certificate.NotBefore)} to "
                + $"{Text(certificate.ExpiresAt)}; here it is {Text(now)}. Enroll again with a new join token.");
        if (!await store.AcceptsAsync(certificate, ct))
            return Refuse(
                "AGENT_CERTIFICATE_REVOKED",
                $"Agent '{certificate.WorkerName}' was removed, or enrolled or renewed since. Enroll again with a new join token.");

        return new Caller
        {
            IdentityId = 0,
            Login = $"agent:{certificate.WorkerName}",
            Grants = [],
            WorkerName = certificate.WorkerName,
            CertificateExpiresAt = certificate.ExpiresAt,
        };
    }

    Result<AgentCertificate> Verify(ServerCallContext context, DateTimeOffset now)
    {
        var http = context.GetHttpContext();
        var headers = http.Request.Headers[AgentSignature.Header];
        if (headers.Count == 0)
            return http.Connection.ClientCertificate is not { } presented
                ? Refuse("AGENT_CERTIFICATE_MISSING", "This call is for enrolled agents; it carries no certificate.")
                : certificates.Verify(presented.RawData) is { } fromTls ? fromTls : Invalid();

        if (headers.Count > 1 || AgentSignature.Parse(headers.ToString()) is not { } signature)
            return Invalid();

        var difference = now - DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(signature.UnixSeconds, 0, 253402300799));
        if (difference.Duration() > ClockDifferenceMax)
            return Refuse(
                "AGENT_CLOCK_DIFFERS",
                $"The agent's clock is {difference.Duration().TotalSeconds:F0} s {(difference > TimeSpan.Zero ? "behind" : "ahead")}; "
                + $"at most {ClockDifferenceMax.TotalSeconds:F0} s are allowed. Synchronise the clocks.");

        return certificates.Verify(signature.Certificate) is { } certificate && signature.Holds(certificate, context.Method)
            ? certificate
            : Invalid();
    }

    static Failure Invalid() => Refuse("AGENT_CERTIFICATE_INVALID", "The agent's certificate or signature is not valid here.");

    static Failure Refuse(string reason, string message) => new(FailureKind.Unauthenticated, reason, message);

    static string Text(DateTimeOffset time) => time.ToString("u", CultureInfo.InvariantCulture);
}
