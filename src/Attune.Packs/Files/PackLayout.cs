using Attune.Packs.Archives;
using Attune.Packs.Yaml;

namespace Attune.Packs.Files;

/// <summary>The pack around a file that is being read: its ref, and where things lie.</summary>
sealed class PackLayout(PackFiles files, string packRef, List<PackProblem> problems)
{
    readonly Dictionary<string, YamlMap> opened = [];

    public PackFiles Files => files;

    /// <summary>Of a field in a file that was opened before; 0 when there is none.</summary>
    public int LineOf(string file, string field) => opened.TryGetValue(file, out var map) ? map.LineOf(field) : 0;

    /// <summary>Null when the file is no mapping; that is reported.</summary>
    public FieldReader? Open(PackFile file)
    {
        var root = YamlFile.Read(file.Content, (line, message) => problems.Add(new(file.Path, line, "", message)));
        if (root is YamlMap map)
        {
            opened[file.Path] = map;
            return new(file.Path, map, "", problems);
        }

        if (root is not null)
            problems.Add(new(file.Path, root.Line, "", "must be a mapping of fields."));
        return null;
    }

    /// <summary>The file's own ref, which begins with the pack's.</summary>
    public string OwnRef(FieldReader fields)
    {
        var reference = fields.RequiredRef("ref");
        if (reference is not "" && packRef is not "" && PackNames.PackOf(reference) != packRef)
            fields.Report("ref", $"'{reference}' must begin with the pack's ref, `{packRef}.`.");
        return reference;
    }

    public string? EntryPoint(FieldReader fields, string folder, bool isRequired, params ReadOnlySpan<string> builtins)
    {
        var name = isRequired ? fields.Required("entry_point") : fields.Text("entry_point") ?? "";
        if (name is "")
            return null;

        if (name.StartsWith("builtin:", StringComparison.Ordinal))
        {
            if (!builtins.Contains(name))
                fields.Report("entry_point", $"'{name}' is not built in: {string.Join(", ", builtins.ToArray())}.");
            return name;
        }

        if (Inside(folder, name) is not { } path)
            fields.Report("entry_point", $"'{name}' must be a path below `{folder}/`, without `..`.");
        else if (!files.TryGet(path, out _))
            fields.Report("entry_point", $"'{path}' is not in the pack.");
        else
            return path;
        return null;
    }

    /// <summary>The path from the pack's root of what lies beside the files of a folder; null when it would leave the folder.</summary>
    public static string? Inside(string folder, string name)
    {
        var path = $"{folder}/{name}";
        return PackPath.Refuse(path) is null ? path : null;
    }
}
