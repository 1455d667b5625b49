using System.Text.RegularExpressions;

namespace Attune.Architecture.Tests;

public sealed partial class FileTests
{
    const int LinesMax = 400;
    const int TestLinesMax = 600;

    // The names in src/compat are those of the assemblies that it stands in for.
    static IEnumerable<string> OurSource
        => Source.FilesOf(".cs").Where(file => !file.StartsWith("src/compat/", StringComparison.Ordinal));

    [Fact]
    public void Files_stay_small()
        => Source.AssertNone(
            from file in Source.FilesOf(".cs")
            let lines = Source.Read(file).Count('\n')
            where lines > (file.StartsWith("tests/", StringComparison.Ordinal) ? TestLinesMax : LinesMax)
            select $"{file} ({lines} lines)");

    [Fact]
    public void Files_are_named_for_what_they_are()
        => Source.AssertNone(OurSource.Where(file => DrawerName().IsMatch(file)));

    [Fact]
    public void Types_are_named_for_what_they_are()
        => Source.AssertNone(
            from file in OurSource
            from Match type in DrawerType().Matches(Source.Read(file))
            select $"{file}: {type.Groups["name"].Value}");

    [Fact]
    public void A_file_is_in_the_namespace_of_its_folder()
        => Source.AssertNone(
            from file in OurSource
            let declared = NamespaceLine().Match(Source.Read(file))
            where declared.Success
            let project = Project().Match(file)
            where project.Success
            let folder = project.Groups["folder"].Value.Trim('/').Replace('/', '.')
            let expected = folder is "" ? project.Groups["name"].Value : $"{project.Groups["name"].Value}.{folder}"
            where declared.Groups["name"].Value != expected
            select $"{file} says {declared.Groups["name"].Value}");

    [Fact]
    public void There_is_no_residue()
        => Source.AssertNone(
            from file in Source.FilesOf(".cs", ".proto", ".sql", ".sh", ".py", ".js", ".ts", ".yaml", ".md", ".csproj", ".props")
            where !file.StartsWith("tests/Attune.Architecture.Tests/", StringComparison.Ordinal)
            from Match residue in Residue().Matches(Source.Read(file))
            select $"{file}: {residue.Value}");

    [GeneratedRegex(@"(Helpers?|Managers?|Utils?|Utilities|Common|Impl|Base|Info|Data|Wrapper|Processor)\.cs$")]
    private static partial Regex DrawerName();

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+(?<name>\w+(Helpers?|Manager|Utils?|Common|Impl|Base|Info|Data|Wrapper|Processor))\b")]
    private static partial Regex DrawerType();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(src|agents|tests)/(?<name>Attune\.[\w.]+)/(?<folder>.*/)?[^/]+$")]
    private static partial Regex Project();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|^\s*#region\b.*$|#pragma warning disable [\w, ]+$|^<{7} |^>{7} ", RegexOptions.Multiline)]
    private static partial Regex Residue();
}
