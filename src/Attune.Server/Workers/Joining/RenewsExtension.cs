using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Attune.Server.Workers.Joining;

/// <summary>
/// Our own certificate extension: the SHA-256 of the certificate that this one follows. It lets the server retire the old
/// certificate when the new one is first used, not when it is issued: an agent that dies before it stored the new one keeps its door.
/// </summary>
static class RenewsExtension
{
    // ITU-T X.667: 2.25 followed by a random UUID as a number needs no registration.
    const string Oid = "2.25.211843916240471653283905171829540131721";

    public static X509Extension Write(string fingerprint)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteOctetString(Convert.FromHexString(fingerprint));
        return new(Oid, writer.Encode(), critical: false);
    }

    public static string? Read(X509Certificate2 certificate)
        => certificate.Extensions[Oid] is { } extension
            ? Convert.ToHexStringLower(AsnDecoder.ReadOctetString(extension.RawData, AsnEncodingRules.DER, out _))
            : null;
}
