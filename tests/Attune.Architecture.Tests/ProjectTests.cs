using System.Xml.Linq;

namespace Attune.Architecture.Tests;

public sealed class ProjectTests
{
    // Who may know whom. A project that is not listed here has not been thought about.
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Attune.Protos"] = [],
        ["Attune.Engine"] = [],
        ["Attune.Packs"] = ["Attune.Engine"],
        ["Attune.Console"] = ["Attune.Protos"],
        ["Attune.Server"] = ["Attune.Engine", "Attune.Packs", "Attune.Protos", "Attune.Console"],
        ["Attune.Cli"] = ["Attune.Protos", "Attune.Packs"],
        ["Attune.Agent"] = ["Attune.Packs", "Attune.Protos"],
        ["Grpc.Core.Api"] = [],
        ["Grpc.Net.Common"] = ["Grpc.Core.Api"],
    };

    static readonly string[] MockLibraries = ["Moq", "NSubstitute", "FakeItEasy", "JustMock"];

    public static TheoryData<string> Projects
        => [.. Source.FilesOf(".csproj").Where(file => !file.StartsWith("tests/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_map_allows(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.ContainsKey(name), $"{project} has no place in the map of allowed references.");
        Source.AssertNone(ReferencesOf(project).Except(Allowed[name]));
    }

    [Fact]
    public void No_project_but_a_test_references_a_test_project()
        => Assert.DoesNotContain(
            Source.FilesOf(".csproj").Where(file => !file.StartsWith("tests/", StringComparison.Ordinal)).SelectMany(ReferencesOf),
            name => name.EndsWith(".Tests", StringComparison.Ordinal) || name is "Attune.Testing");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Source.Read("Attune.sln").Replace('\\', '/');
        Source.AssertNone(Source.FilesOf(".csproj").Where(file => !solution.Contains($"\"{file}\"")));
    }

    [Fact]
    public void Package_versions_are_central_and_exact_and_no_mock_library_is_among_them()
    {
        var versions = XDocument.Parse(Source.Read("Directory.Packages.props")).Descendants("PackageVersion").ToList();
        Assert.All(versions, version => Assert.Matches("^[0-9]+[.][0-9.]+$", version.Attribute("Version")!.Value));
        Source.AssertNone(versions.Select(version => version.Attribute("Include")!.Value).Intersect(MockLibraries));
        Source.AssertNone(
            from project in Source.FilesOf(".csproj")
            from reference in XDocument.Parse(Source.Read(project)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null
            select $"{project}: {reference.Attribute("Include")!.Value}");
    }

    static IEnumerable<string> ReferencesOf(string project)
        => XDocument.Parse(Source.Read(project))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}
