using Attune.Engine.Versions;

namespace Attune.Packs.Files;

/// <summary>`pack.yaml`.</summary>
public sealed record PackManifest
{
    public const string Path = "pack.yaml";

    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }

    /// <summary>SemVer 2.</summary>
    public required string Version { get; init; }
    public string? Author { get; init; }
    public string? Email { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Refs of runtimes.</summary>
    public required IReadOnlyList<string> RuntimeDeps { get; init; }

    /// <summary>Pack ref → version range.</summary>
    public required IReadOnlyDictionary<string, string> Dependencies { get; init; }
    public required FlatSchema ConfSchema { get; init; }

    /// <summary>A JSON object of defaults.</summary>
    public required string Config { get; init; }

    /// <summary>How the pack's tests run, as JSON; null where it has none.</summary>
    public string? Testing { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Meta { get; init; }

    internal static PackManifest Read(FieldReader fields)
    {
        var reference = fields.Required("ref");
        if (reference is not "" && !PackNames.IsPack(reference))
            fields.Report("ref", "must begin with a letter and go on with at least one of a-z, 0-9, `_` and `-`.");

        var version = fields.Required("version");
        if (version is not "" && !SemVersion.TryParse(version, out _))
            fields.Report("version", "must be a semantic version such as 1.4.0 or 2.0.0-rc.1.");

        var schema = fields.Schema("conf_schema");
        var manifest = new PackManifest
        {
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Version = version,
            Author = fields.Text("author"),
            Email = fields.Text("email"),
            Tags = fields.Texts("tags"),
            RuntimeDeps = fields.Refs("runtime_deps"),
            Dependencies = ReadDependencies(fields),
            ConfSchema = schema,
            // Without a schema the config is the author's own affair.
            Config = fields.Has("conf_schema") ? fields.Values("config", schema) : fields.Json("config") ?? "{}",
            Testing = ReadTesting(fields),
            Meta = fields.Json("meta") ?? "{}",
        };
        fields.Done();
        return manifest;
    }

    static IReadOnlyDictionary<string, string> ReadDependencies(FieldReader fields)
    {
        var dependencies = fields.TextMap("dependencies");
        foreach (var (pack, range) in dependencies)
        {
            if (!PackNames.IsPack(pack))
                fields.Report("dependencies", $"'{pack}' is no pack ref.");
            if (!VersionRange.TryParse(range, out _, out var problem))
                fields.Report("dependencies", $"{pack}: {problem}");
        }

        return dependencies;
    }

    static string? ReadTesting(FieldReader fields)
    {
        if (fields.Map("testing") is not { } testing)
            return null;

        testing.Choice("runner", "script", "script", "pytest", "unittest", "node");
        testing.Required("entry_point");
        testing.Whole("timeout_seconds", 1, 86_400);
        testing.Number("min_pass_rate", 0, 1);
        testing.Choice("on_failure", "block", "block", "warn", "ignore");
        testing.Done();
        return fields.Json("testing");
    }
}
