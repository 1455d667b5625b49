using System.Text.Json;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Workers.Joining;

static class JoiningMapping
{
    public static EnrollCommand ToCommand(this Wire.EnrollRequest request)
        => new(request.JoinToken, request.Name, request.Role.ToJoinRole(), request.CertificateRequest.ToByteArray());

    public static Wire.EnrollResponse ToWire(this Enrollment enrollment) => new()
    {
        Certificate = enrollment.CertificatePem,
        CaCertificate = enrollment.AuthorityPem,
        ExpiresAt = enrollment.ExpiresAt.ToTimestamp(),
        Labels = { enrollment.Labels.ToDictionary() },
    };

    public static CreateJoinTokenCommand ToCommand(this Wire.CreateJoinTokenRequest request)
        => new(request.Role.ToJoinRole(), request.Labels, request.Ttl?.ToTimeSpan());

    public static Wire.CreateJoinTokenResponse ToWire(this CreatedJoinToken created)
        => new() { JoinToken = created.JoinToken.ToWire(), Token = created.Text };

    public static Wire.ListJoinTokensResponse ToWire(this Page<JoinToken> page)
        => new() { JoinTokens = { page.Rows.Select(ToWire) }, NextPageToken = page.NextToken };

    public static Wire.JoinToken ToWire(this JoinToken token) => new()
    {
        Id = token.Id,
        Role = token.Role switch
        {
            "action" => Wire.WorkerRole.Action,
            "sensor" => Wire.WorkerRole.Sensor,
            "hybrid" => Wire.WorkerRole.Hybrid,
            _ => throw new ArgumentOutOfRangeException(nameof(token), token.Role, null),
        },
        Labels = { JsonSerializer.Deserialize<Dictionary<string, string>>(token.Labels)! },
        ExpiresAt = token.ExpiresAt.ToTimestamp(),
        UsedAt = token.UsedAt?.ToTimestamp(),
        RevokedAt = token.RevokedAt?.ToTimestamp(),
        WorkerName = token.WorkerName ?? "",
        CreatedByLogin = token.CreatedByLogin ?? "",
        Created = token.Created.ToTimestamp(),
    };

    static JoinRole? ToJoinRole(this Wire.WorkerRole role) => role switch
    {
        Wire.WorkerRole.Action => JoinRole.Action,
        Wire.WorkerRole.Sensor => JoinRole.Sensor,
        Wire.WorkerRole.Hybrid => JoinRole.Hybrid,
        _ => null,
    };
}
