namespace Attune.Server.Keys;

/// <summary>Files that only their owner may open, from the moment they exist.</summary>
static class PrivateFile
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces the file in one step, so a reader sees the old content or the new.</summary>
    public static void Write(string path, string content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var writer = new StreamWriter(temporary, options))
            writer.Write(content);
        File.Move(temporary, path, overwrite: true);
    }

    public static void CreateDirectory(string path)
        => Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
}
