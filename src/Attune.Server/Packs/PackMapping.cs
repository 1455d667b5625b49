using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Packs;

static class PackMapping
{
    const string Masked = "***";

    public static Wire.Pack ToWire(this PackRow row) => new()
    {
        Id = row.Id,
        Ref = row.Ref,
        Label = row.Label,
        Description = row.Description ?? "",
        Version = row.Version,
        Tags = { row.Tags },
        RuntimeDeps = { row.RuntimeDeps },
        Config = JsonStruct.ToStruct(Mask(row.Config, row.ConfSchema)),
        ConfSchema = JsonStruct.ToStruct(row.ConfSchema),
        Meta = JsonStruct.ToStruct(row.Meta),
        IsStandard = row.IsStandard,
        ReleaseDigest = row.ReleaseDigest ?? "",
        InstallationMethod = row.InstallationMethod,
        InstalledAt = row.InstalledAt?.ToTimestamp(),
        InstalledByLogin = row.InstalledByLogin ?? "",
        Created = row.Created.ToTimestamp(),
        Updated = row.Updated.ToTimestamp(),
    };

    public static Wire.InstallPackResponse ToWire(this InstalledPack installed) => new()
    {
        Pack = installed.Pack.ToWire(),
        Changed = installed.Changed,
        RemovedRefs = { installed.RemovedParts },
        InstalledRefs = { installed.Parts },
    };

    public static Wire.CheckPackResponse ToWire(this CheckedPack seen) => new()
    {
        PackRef = seen.PackRef,
        Version = seen.Version,
        Problems =
        {
            seen.Problems.Select(problem => new Wire.PackProblem
            {
                File = problem.File,
                Line = problem.Line,
                Field = problem.Field,
                Message = problem.Message,
            }),
        },
    };

    public static Wire.PackRelease ToWire(this ReleaseRow row) => new()
    {
        PackRef = row.PackRef,
        Version = row.Version,
        Digest = row.Digest,
        SizeBytes = row.SizeBytes,
        Current = row.Current,
        Created = row.Created.ToTimestamp(),
    };

    public static Wire.PackEnvironment ToWire(this EnvironmentRow row) => new()
    {
        PackRef = row.PackRef,
        RuntimeRef = row.RuntimeRef,
        WorkerName = row.WorkerName ?? "",
        EnvPath = row.EnvPath,
        Status = row.Status switch
        {
            "pending" => Wire.EnvironmentStatus.Pending,
            "installing" => Wire.EnvironmentStatus.Installing,
            "ready" => Wire.EnvironmentStatus.Ready,
            "failed" => Wire.EnvironmentStatus.Failed,
            "outdated" => Wire.EnvironmentStatus.Outdated,
            _ => throw new ArgumentOutOfRangeException(nameof(row), row.Status, null),
        },
        InstalledAt = row.InstalledAt?.ToTimestamp(),
        LastVerified = row.LastVerified?.ToTimestamp(),
        InstallLog = row.InstallLog ?? "",
        InstallError = row.InstallError ?? "",
    };

    static string Mask(string config, string schemaJson)
    {
        using var document = JsonDocument.Parse(schemaJson);
        var schema = Schema.Parse(document.RootElement).Schema
            ?? throw new InvalidDataException("A stored configuration schema is broken.");
        var masked = schema.ReplaceSecrets(Encoding.UTF8.GetBytes(config), (writer, _) => writer.WriteStringValue(Masked));
        return Encoding.UTF8.GetString(masked.Span);
    }
}
