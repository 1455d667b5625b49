namespace Attune.Server.Storage;

/// <summary>
/// The live process that a data directory's `postmaster.pid` names; not ours when the number has since been given to
/// another program.
/// </summary>
sealed record Postmaster(int ProcessId, bool IsOurs)
{
    /// <summary>Null when no process is named or it has ended.</summary>
    public static async Task<Postmaster?> FindAsync(string data, CancellationToken ct)
    {
        var file = FileIn(data);
        if (!File.Exists(file))
            return null;

        var text = await File.ReadAllTextAsync(file, ct);
        if (!int.TryParse(text.Split('\n')[0], out var processId))
            return null;

        if (OperatingSystem.IsLinux())
            return Directory.Exists($"/proc/{processId}") ? new(processId, await StandsInAsync(processId, text, ct)) : null;

        var ps = await CommandRun.RunAsync(["ps", "-o", "args=", "-p", $"{processId}"], ct);
        return ps.ExitCode == 0 ? new(processId, ps.Output.Contains(data)) : null;
    }

    public static string FileIn(string data) => Path.Combine(data, "postmaster.pid");

    /// <summary>A postmaster's working directory is its data directory, whatever path it was started with.</summary>
    static async Task<bool> StandsInAsync(int processId, string text, CancellationToken ct)
    {
        try
        {
            return await File.ReadAllTextAsync($"/proc/{processId}/cwd/postmaster.pid", ct) == text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
