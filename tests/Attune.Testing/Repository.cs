namespace Attune.Testing;

/// <summary>The source tree that the running tests were built from.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Migrations => Path.Combine(Root, "migrations");

    static string FindRoot(string directory)
        => File.Exists(Path.Combine(directory, "Attune.sln")) ? directory : FindRoot(Path.GetDirectoryName(directory.TrimEnd('/'))!);
}
