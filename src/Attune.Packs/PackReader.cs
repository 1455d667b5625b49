using Attune.Packs.Archives;
using Attune.Packs.Files;

namespace Attune.Packs;

/// <summary>
/// Reads a pack's files into records. One pass finds every problem. Limits: those of <see cref="PackFiles"/>, and 1 MiB, 40 levels and
/// 100,000 values (aliases unfolded) per YAML file.
/// </summary>
public static class PackReader
{
    static readonly string[] Folders = ["permission_sets", "runtimes", "triggers", "actions", "policies", "rules", "sensors"];

    /// <summary>Reads a folder on disk; see <see cref="PackFiles.FromDirectory"/> for what counts.</summary>
    /// <exception cref="PackArchiveException">There is more than the limits allow.</exception>
    public static (PackFiles Files, PackReading Reading) ReadDirectory(string directory)
    {
        var problems = new List<PackProblem>();
        var files = PackFiles.FromDirectory(directory, problems);
        return (files, Read(files, problems));
    }

    public static PackReading Read(PackFiles files) => Read(files, []);

    /// <summary>Only pack.yaml; null when it cannot be read.</summary>
    public static PackManifest? ReadManifest(PackFiles files)
        => files.TryGet(PackManifest.Path, out var file) && new PackLayout(files, "", []).Open(file) is { } fields
            ? PackManifest.Read(fields)
            : null;

    static PackReading Read(PackFiles files, List<PackProblem> problems)
    {
        PackManifest? manifest = null;
        if (!files.TryGet(PackManifest.Path, out var file))
            problems.Add(new(PackManifest.Path, 0, "", "is missing: a pack's folder has it at its root."));
        else if (new PackLayout(files, "", problems).Open(file) is { } fields)
            manifest = PackManifest.Read(fields);

        var layout = new PackLayout(files, manifest?.Ref ?? "", problems);
        var content = new PackContent
        {
            Manifest = manifest!,
            PermissionSets = All("permission_sets", PermissionSetFile.Read, set => (set.Ref, set.File)),
            Runtimes = All("runtimes", RuntimeFile.Read, runtime => (runtime.Ref, runtime.File)),
            Triggers = All("triggers", TriggerFile.Read, trigger => (trigger.Ref, trigger.File)),
            Actions = All("actions", ActionFile.Read, action => (action.Ref, action.File)),
            Policies = All("policies", PolicyFile.Read, policy => (policy.Ref, policy.File)),
            Rules = All("rules", RuleFile.Read, rule => (rule.Ref, rule.File)),
            Sensors = All("sensors", SensorFile.Read, sensor => (sensor.Ref, sensor.File)),
        };

        if (manifest is not null)
            content = content with { Elsewhere = References.Check(content, layout, problems) };
        foreach (var odd in Folders.SelectMany(files.In).Where(each => each.Path.EndsWith(".yml", StringComparison.Ordinal)))
            problems.Add(new(odd.Path, 0, "", "would be overlooked: name it `.yaml`."));

        return new(
            problems.Count == 0 ? content : null,
            manifest,
            [.. problems.OrderBy(problem => problem.File, StringComparer.Ordinal).ThenBy(problem => problem.Line)]);

        List<T> All<T>(string folder, Func<FieldReader, PackLayout, T> read, Func<T, (string Ref, string File)> name)
        {
            var parts = files.In(folder)
                .Where(each => each.Path.EndsWith(".yaml", StringComparison.Ordinal))
                .Select(layout.Open)
                .OfType<FieldReader>()
                .Select(fields => read(fields, layout))
                .ToList();
            foreach (var twins in parts.Select(name).Where(part => part.Ref is not "").GroupBy(part => part.Ref).Where(twins => twins.Count() > 1))
                problems.Add(new(twins.Last().File, 0, "ref", $"'{twins.Key}' is in {twins.First().File} already."));
            return parts;
        }
    }
}
