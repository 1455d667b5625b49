using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;

namespace Attune.Agent.Tests.Session;

/// <summary>The `attune-agent` header as a control plane reads it, written from the design and not from the agent's code.</summary>
sealed record AgentProof(X509Certificate2 Certificate, DateTimeOffset Time, bool IsGenuine)
{
    public static AgentProof Read(ServerCallContext context)
    {
        var parts = context.RequestHeaders.GetValue("attune-agent")!.Split('.');
        Assert.Equal("v1", parts[0]);
        var der = Base64Url.DecodeFromChars(parts[1]);
        var seconds = long.Parse(parts[2], CultureInfo.InvariantCulture);
        var certificate = X509CertificateLoader.LoadCertificate(der);
        var signed = $"attune-agent v1\n{context.Method}\n{seconds}\n{Convert.ToHexString(SHA256.HashData(der)).ToLowerInvariant()}";
        var genuine = certificate.GetECDsaPublicKey()!.VerifyData(
            Encoding.UTF8.GetBytes(signed),
            Base64Url.DecodeFromChars(parts[3]),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return new(certificate, DateTimeOffset.FromUnixTimeSeconds(seconds), genuine);
    }
}
