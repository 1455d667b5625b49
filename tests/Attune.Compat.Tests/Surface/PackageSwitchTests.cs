using System.Diagnostics;
using System.Text.Json;

namespace Attune.Compat.Tests.Surface;

/// <summary>The build property that takes the official API packages in place of ours.</summary>
public sealed class PackageSwitchTests
{
    static readonly string Root = FindRoot(AppContext.BaseDirectory);

    [Theory]
    [InlineData("src/Attune.Protos/Attune.Protos.csproj")]
    [InlineData("tests/Attune.Compat.Tests/Attune.Compat.Tests.csproj")]
    public async Task The_switch_trades_both_projects_for_both_packages(string project)
    {
        var official = await EvaluateAsync(project, "true");
        Assert.Empty(official.CompatProjects);
        Assert.Equal(ReferencedSurface.ApiAssemblies, official.ApiPackages);

        var own = await EvaluateAsync(project, "false");
        Assert.Equal(ReferencedSurface.ApiAssemblies, own.CompatProjects);
        Assert.Empty(own.ApiPackages);
    }

    [Fact]
    public void Only_the_switch_names_the_api_assemblies()
    {
        var naming = Directory
            .EnumerateFiles(Root, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Root, path).StartsWith(Path.Combine("src", "compat"), StringComparison.Ordinal))
            .Where(path => ReferencedSurface.ApiAssemblies.Any(File.ReadAllText(path).Contains));

        Assert.Empty(naming);
    }

    static async Task<(IEnumerable<string> CompatProjects, IEnumerable<string> ApiPackages)> EvaluateAsync(string project, string fromNuGet)
    {
        var start = new ProcessStartInfo("dotnet", [
            "msbuild", Path.Combine(Root, project), $"-p:GrpcApiFromNuGet={fromNuGet}",
            "-getItem:ProjectReference", "-getItem:PackageReference"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The test host was started by MSBuild, whose settings must not leak into this one.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);

        using var build = Process.Start(start)!;
        var error = build.StandardError.ReadToEndAsync();
        var output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        Assert.True(build.ExitCode is 0, output + await error);

        using var evaluated = JsonDocument.Parse(output);
        var items = evaluated.RootElement.GetProperty("Items");
        return (
            Identities(items, "ProjectReference")
                .Where(path => path.Contains("/compat/", StringComparison.Ordinal))
                .Select(path => Path.GetFileNameWithoutExtension(path)),
            Identities(items, "PackageReference").Where(ReferencedSurface.ApiAssemblies.Contains));
    }

    static List<string> Identities(JsonElement items, string type) => [.. items
        .GetProperty(type)
        .EnumerateArray()
        .Select(item => item.GetProperty("Identity").GetString()!.Replace('\\', '/'))];

    static string FindRoot(string directory) => File.Exists(Path.Combine(directory, "Attune.sln"))
        ? directory
        : FindRoot(Path.GetDirectoryName(directory)!);
}
