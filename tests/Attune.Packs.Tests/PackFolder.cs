namespace Attune.Packs.Tests;

/// <summary>A folder of files that a test writes, removed at the end.</summary>
sealed class PackFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("attune-pack-").FullName;

    public static string RepositoryRoot
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(System.IO.Path.Combine(directory.FullName, "Attune.sln")))
                directory = directory.Parent!;
            return directory.FullName;
        }
    }

    public PackFolder With(string path, string content, bool isExecutable = false)
    {
        var target = System.IO.Path.Combine(Path, path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        File.WriteAllText(target, content);
        if (isExecutable && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(target, File.GetUnixFileMode(target) | UnixFileMode.UserExecute);
        return this;
    }

    public PackReading Read() => PackReader.ReadDirectory(Path).Reading;

    public string[] Problems() => [.. Read().Problems.Select(problem => problem.ToString())];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
