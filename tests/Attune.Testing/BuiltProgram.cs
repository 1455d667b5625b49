namespace Attune.Testing;

/// <summary>The programs of this build, started as a user would start them.</summary>
public static class BuiltProgram
{
    // bin/<configuration>/net10.0 of the running tests: what they start must come from the same build.
    static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static string Server => Find("src/Attune.Server", "attune-server");

    public static string Agent => Find("agents/Attune.Agent", "attune-agent");

    public static string Cli => Find("src/Attune.Cli", "attune");

    static string Find(string project, string name)
    {
        var file = Path.Combine(Repository.Root, project, "bin", Configuration, "net10.0", name);
        return File.Exists(file) ? file : throw new FileNotFoundException($"Build first: dotnet build {project} -c {Configuration}", file);
    }
}
