using System.Text.RegularExpressions;

namespace Attune.Architecture.Tests;

/// <summary>The files of this source tree, without what is built, fetched or generated.</summary>
static partial class Source
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Paths from the root, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Directory.EnumerateFiles(Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !NotOurs().IsMatch(file))
            .Order(StringComparer.Ordinal),
    ];

    public static IEnumerable<string> FilesOf(params string[] extensions)
        => Files.Where(file => extensions.Contains(Path.GetExtension(file)));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static bool Exists(string path)
        => File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    /// <summary>Fails with every offender, one per line; the library's own messages cut lists short.</summary>
    public static void AssertNone(IEnumerable<string> offenders)
    {
        var all = string.Join('\n', offenders);
        if (all.Length > 0)
            Assert.Fail(all);
    }

    static string FindRoot(string directory)
        => File.Exists(Path.Combine(directory, "Attune.sln")) ? directory : FindRoot(Path.GetDirectoryName(directory.TrimEnd('/'))!);

    [GeneratedRegex(@"(^|/)(bin|obj|node_modules|artifacts|TestResults|__pycache__|\.git|\.vs|\.idea|\.venv)(/|$)|^protos/gen/")]
    private static partial Regex NotOurs();
}
