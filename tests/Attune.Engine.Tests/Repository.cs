namespace Attune.Engine.Tests;

/// <summary>The working copy that the tests were built from.</summary>
static class Repository
{
    public static string Root { get; } = Above(AppContext.BaseDirectory);

    static string Above(string directory)
        => File.Exists(Path.Combine(directory, "Attune.sln")) ? directory : Above(Path.GetDirectoryName(directory.TrimEnd('/'))!);
}
