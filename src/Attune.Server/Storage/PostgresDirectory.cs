using System.Text;

namespace Attune.Server.Storage;

/// <summary>Where a private PostgreSQL lives: `data/`, `socket/`, `log` and the lock of the process that uses it.</summary>
sealed class PostgresDirectory(string directory, OsUser? user)
{
    // sun_path holds 108 bytes on Linux and 104 on macOS, with a terminating zero.
    const int SocketPathMax = 103;

    public string Directory => directory;
    public string Data => Path.Combine(directory, "data");
    public string Socket => Path.Combine(directory, "socket");
    public string Log => Path.Combine(directory, "log");

    /// <summary>The major version that made the data; null when there is none yet.</summary>
    public int? DataMajor
        => File.Exists(Path.Combine(Data, "PG_VERSION")) ? int.Parse(File.ReadAllText(Path.Combine(Data, "PG_VERSION"))) : null;

    /// <summary>The command as the user that PostgreSQL runs as.</summary>
    public IReadOnlyList<string> AsUser(IReadOnlyList<string> command) => user?.Running(command) ?? command;

    public async Task CreateAsync(CancellationToken ct)
    {
        if (Encoding.UTF8.GetByteCount(Path.Combine(Socket, ".s.PGSQL.5432")) > SocketPathMax)
            throw new StorageException($"{directory} is too long a path for a unix socket. Choose a shorter directory.");

        IReadOnlyList<string> owner = user is null ? [] : ["-o", $"{user.UserId}", "-g", $"{user.GroupId}"];
        var made = await CommandRun.RunAsync(["install", "-d", "-m", "0700", .. owner, directory, Socket], ct);
        if (made.ExitCode != 0)
            throw new StorageException($"{directory} cannot be made: {made.Output}. Choose another directory or correct its permissions.");

        if (user is not null && (await CommandRun.RunAsync(AsUser(["test", "-w", directory]), ct)).ExitCode != 0)
            throw new StorageException(
                $"PostgreSQL runs as the user '{user.Name}', who cannot reach {directory}. "
                + "Give others the right to pass through the directories above it (chmod o+x), or choose another directory.");
    }

    /// <summary>The kernel drops this lock however its owner ends.</summary>
    public FileStream TakeOwnership()
    {
        try
        {
            return new(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new StorageException($"Another attune-server uses the database in {directory}. Stop it, or choose another directory.", exception);
        }
    }

    public string LogTail() => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(15)) : "";

    /// <param name="binaries">Of the version that made the data.</param>
    /// <param name="mode">As pg_ctl names it: fast or immediate.</param>
    /// <param name="ct">Ends the waiting, not the stopping.</param>
    public async Task StopPostmasterAsync(PostgresBinaries binaries, string mode, CancellationToken ct)
    {
        var postmaster = await Postmaster.FindAsync(Data, ct);
        if (postmaster is null)
            return;

        if (!postmaster.IsOurs)
        {
            // PostgreSQL refuses to start while the process id in it is alive, whatever program that is by now.
            File.Delete(Postmaster.FileIn(Data));
            return;
        }

        var stop = await CommandRun.RunAsync(AsUser([binaries["pg_ctl"], "stop", "-D", Data, "-m", mode, "-w", "-t", "60"]), ct);
        if (stop.ExitCode != 0 && await Postmaster.FindAsync(Data, ct) is { IsOurs: true })
            throw new StorageException($"The PostgreSQL left running in {directory} (process {postmaster.ProcessId}) does not stop: {stop.Output}");
    }
}
