using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Attune.Server.Workers.Joining;

/// <summary>
/// The `attune-agent` header: `v1.&lt;base64url leaf DER&gt;.&lt;unix seconds&gt;.&lt;base64url signature&gt;`. It proves the key behind the
/// certificate for one method at one time, so that agents also work through loopback cleartext and balancers that end TLS.
/// </summary>
sealed record AgentSignature(byte[] Certificate, long UnixSeconds, byte[] Signature)
{
    public const string Header = "attune-agent";

    const int LengthMax = 8192;

    public static AgentSignature? Parse(string header)
    {
        if (header.Length > LengthMax
            || header.Split('.') is not ["v1", var certificate, var seconds, var signature]
            || !long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var unixSeconds)
            || !Base64Url.IsValid(certificate)
            || !Base64Url.IsValid(signature))
            return null;

        return new(Base64Url.DecodeFromChars(certificate), unixSeconds, Base64Url.DecodeFromChars(signature));
    }

    /// <summary>Whether the certificate's key signed this method and time.</summary>
    public bool Holds(AgentCertificate certificate, string method)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(certificate.PublicKey, out _);
        return key.VerifyData(
            SignedText(method, UnixSeconds, certificate.Fingerprint),
            Signature,
            HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public static byte[] SignedText(string method, long unixSeconds, string fingerprint)
        => Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"attune-agent v1\n{method}\n{unixSeconds}\n{fingerprint}"));
}
