using System.Text.RegularExpressions;

namespace Attune.Architecture.Tests;

public sealed partial class DocumentTests
{
    [Fact]
    public void Every_file_that_a_document_names_exists()
        => Source.AssertNone(
            from document in Source.FilesOf(".md")
            let text = Fence().Replace(Source.Read(document), "")
            from path in Quoted().Matches(text).Concat(Link().Matches(text)).Select(match => match.Groups["path"].Value).Distinct()
            where !path.Contains("YYYY", StringComparison.Ordinal) && !IsThere(path, Path.GetDirectoryName(document)!)
            select $"{document} names {path}");

    static bool IsThere(string path, string folder)
    {
        var plain = path.TrimStart('/').TrimEnd('/');
        if (Source.Exists(plain) || Source.Exists(Path.Combine(folder, plain)))
            return true;

        // Inside ARCHITECTURE.md's arrow lines a file is named without its folder.
        return !plain.Contains('/') && Source.Files.Any(file => Path.GetFileName(file) == plain);
    }

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"`(?<path>[\w][\w./-]*\.(cs|csproj|proto|sql|md|sh|props|sln|Dockerfile))`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)(?<path>[^)#\s]+)(#[^)]*)?\)")]
    private static partial Regex Link();
}
