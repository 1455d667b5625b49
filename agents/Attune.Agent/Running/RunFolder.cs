using System.Globalization;

namespace Attune.Agent.Running;

/// <summary>
/// What one attempt has on disk, until it ends: `work` (its current directory), `tmp`, `artifacts`, the parameter file, and the note by which a later
/// agent finds the process again.
/// </summary>
sealed class RunFolder(string path) : IDisposable
{
    const string ProcessNote = "process";
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Work => Path.Combine(path, "work");

    public string Temporary => Path.Combine(path, "tmp");

    public string Artifacts => Path.Combine(path, "artifacts");

    public string ParameterFile => Path.Combine(path, "parameters");

    public static RunFolder Create(AgentPaths paths, long executionId, int attempt)
    {
        var folder = new RunFolder(Path.Combine(paths.Runs, string.Create(CultureInfo.InvariantCulture, $"{executionId}.{attempt}")));
        folder.Dispose();
        foreach (var each in (string[])[folder.Work, folder.Temporary, folder.Artifacts])
        {
            Directory.CreateDirectory(each, OwnerOnly);
        }

        return folder;
    }

    public void WriteParameters(byte[] document)
    {
        using var file = new FileStream(ParameterFile, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(document);
    }

    public void Note(int process)
    {
        if (Proc.Stat(process) is { } stat)
        {
            File.WriteAllText(Path.Combine(path, ProcessNote), string.Create(CultureInfo.InvariantCulture, $"{process} {stat.Start} {Proc.BootId}"));
        }
    }

    /// <returns>The process and its start time; null when there is none of this boot.</returns>
    public (int Id, long Start)? ReadNote()
    {
        var note = Path.Combine(path, ProcessNote);
        return File.Exists(note) && File.ReadAllText(note).Split(' ') is [var id, var start, var boot] && boot == Proc.BootId
            ? (int.Parse(id, CultureInfo.InvariantCulture), long.Parse(start, CultureInfo.InvariantCulture))
            : null;
    }

    // What would not go must not spoil the run's result; the agent's next start tries again.
    public void Dispose() => Trees.TryDelete(path);
}
