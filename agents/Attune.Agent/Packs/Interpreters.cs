using Attune.Agent.Running;

namespace Attune.Agent.Packs;

static class Interpreters
{
    const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <returns>The absolute path; null when the PATH has no such program.</returns>
    public static string? Find(string binary)
    {
        if (binary.Contains('/'))
        {
            return Path.IsPathRooted(binary) && IsProgram(binary) ? binary : null;
        }

        return RunEnvironment.SearchPath.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, binary))
            .FirstOrDefault(path => Path.IsPathRooted(path) && IsProgram(path));
    }

    static bool IsProgram(string path) => File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != 0;
}
