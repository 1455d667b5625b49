using System.Text.Json;

namespace Attune.Cli.Configuration;

/// <summary>The profiles on disk. Holds credentials: only its owner may read it, and it is never seen half-written.</summary>
sealed class ConfigurationFile(string path, TextWriter warnings)
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;
    static readonly TimeSpan lockRetry = TimeSpan.FromMilliseconds(20);

    public string Path => path;

    public static string DefaultPath(Func<string, string?> environment)
    {
        if (environment("ATTUNE_CONFIG") is { Length: > 0 } named)
            return System.IO.Path.GetFullPath(named);

        // The XDG base directory specification: a relative XDG_CONFIG_HOME is to be ignored.
        var home = environment("XDG_CONFIG_HOME") is { } configured && System.IO.Path.IsPathRooted(configured)
            ? configured
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        return System.IO.Path.Combine(home, "attune", "config.json");
    }

    /// <summary>Empty when there is none yet.</summary>
    public Profiles Read()
    {
        try
        {
            Close();
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, ProfilesJson.Default.Profiles) ?? new();
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return new();
        }
        catch (JsonException broken)
        {
            throw new CommandFailure(
                $"{path} is not a configuration: line {broken.LineNumber + 1} is not the JSON that is expected there.",
                "Put it right, or delete it and log in again with `attune login`.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandFailure($"{path} cannot be read by this user.", $"It should belong to you: ls -l {path}");
        }
    }

    /// <summary>Changes what is on disk now, not what was read earlier; other processes wait.</summary>
    public async Task<Profiles> UpdateAsync(
        Func<Profiles, CancellationToken, Task<Profiles>> change, TimeProvider clock, CancellationToken ct)
    {
        try
        {
            var folder = System.IO.Path.GetDirectoryName(path)!;
            if (!Directory.Exists(folder))
                CreateFolder(folder);

            await using var held = await LockAsync(clock, ct);
            var before = Read();
            var after = await change(before, ct);
            if (after != before)
                Write(after);
            return after;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw new CommandFailure(
                $"{path} cannot be written: {refused.Message}", "Name another place with ATTUNE_CONFIG, or use ATTUNE_TOKEN.");
        }
    }

    // Created beside the file with its final mode, then renamed over it: no reader sees a part, nobody else ever sees the tokens.
    void Write(Profiles profiles)
    {
        var fresh = $"{path}.{Environment.ProcessId}.new";
        try
        {
            using (var file = new FileStream(fresh, Options(FileMode.Create, FileShare.None)))
            {
                JsonSerializer.Serialize(file, profiles, ProfilesJson.Default.Profiles);
                file.WriteByte((byte)'\n');
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    // An exclusive share is an advisory flock here, which the system lifts when a process dies.
    async Task<FileStream> LockAsync(TimeProvider clock, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                return new(path + ".lock", Options(FileMode.OpenOrCreate, FileShare.None));
            }
            catch (IOException busy) when (busy is not (FileNotFoundException or DirectoryNotFoundException))
            {
                await Task.Delay(lockRetry, clock, ct);
            }
        }
    }

    // Before the credentials are used: a copy, a restore or an editor may have opened the file to everyone.
    void Close()
    {
        if (OperatingSystem.IsWindows() || !File.Exists(path))
            return;

        var mode = File.GetUnixFileMode(path);
        if ((mode & ~OwnerOnlyFolder) is UnixFileMode.None)
            return;

        try
        {
            File.SetUnixFileMode(path, OwnerOnly);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandFailure(
                $"{path} holds credentials, others can read it ({Octal(mode)}), and its mode cannot be changed.",
                "Make it yours and closed: chown and chmod 600.");
        }

        warnings.WriteLine(
            $"warning: {path} could be read by others ({Octal(mode)}); it is 0600 now. If somebody else uses this machine, log in anew.");
    }

    static string Octal(UnixFileMode mode) => "0" + Convert.ToString((int)mode, 8);

    static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return options;
    }

    static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OwnerOnlyFolder);
    }
}
