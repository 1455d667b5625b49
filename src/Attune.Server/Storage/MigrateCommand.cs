using System.Text.RegularExpressions;
using Npgsql;

namespace Attune.Server.Storage;

/// <summary>`attune-server migrate …`</summary>
static partial class MigrateCommand
{
    const string Usage =
        """
        Usage: attune-server migrate COMMAND [options]

          run                     apply what is pending, each file in one transaction
          info                    list every migration and whether it is applied
          revert [--to VERSION]   undo the newest migration, or all that are newer than VERSION (0: all of them)
          new NAME                write an empty migration and its undo into the folder

        Options
          --database CONNECTION   else ATTUNE_DATABASE, else Storage:ConnectionString of the configuration
          --config FILE           the server's configuration file
          --dir DIRECTORY         the migrations folder, else the one beside this program (for new: ./migrations)
        """;

    /// <returns>0 done, 1 refused or failed (the reason is on <paramref name="error"/>), 2 not understood.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken ct)
    {
        if (MigrateArguments.Parse(args) is not { } arguments)
        {
            await error.WriteLineAsync(Usage);
            return 2;
        }

        try
        {
            await RunAsync(arguments, output, ct);
            return 0;
        }
        catch (Exception exception) when (exception is StorageException or NpgsqlException or ArgumentException
            or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"attune-server migrate {arguments.Command}: {exception.Message}");
            return 1;
        }
    }

    static Task RunAsync(MigrateArguments arguments, TextWriter output, CancellationToken ct) => arguments.Command switch
    {
        "run" => ApplyAsync(Open(arguments), output, ct),
        "info" => ShowAsync(Open(arguments), output, ct),
        "revert" => RevertAsync(Open(arguments), arguments.ToVersion, output, ct),
        _ => CreateAsync(arguments.Directory ?? "migrations", arguments.Name!, output, ct),
    };

    static Migrator Open(MigrateArguments arguments)
        => new(arguments.ConnectionString(), MigrationFolder.Load(arguments.Directory ?? MigrationFolder.BesideServer), TimeProvider.System);

    static async Task ApplyAsync(Migrator migrator, TextWriter output, CancellationToken ct)
    {
        var count = await migrator.RunAsync(
            (migration, took) => output.WriteLine($"applied   {migration.Name}  ({took.TotalMilliseconds:F0} ms)"), ct);
        await output.WriteLineAsync(count == 0 ? "Nothing to do: the database is current." : $"The database is current; {count} applied.");
    }

    static async Task RevertAsync(Migrator migrator, long? toVersion, TextWriter output, CancellationToken ct)
    {
        var count = await migrator.RevertAsync(toVersion, migration => output.WriteLine($"reverted  {migration.Name}"), ct);
        await output.WriteLineAsync(count == 0 ? "Nothing to revert." : $"{count} reverted.");
    }

    static async Task ShowAsync(Migrator migrator, TextWriter output, CancellationToken ct)
    {
        var state = await migrator.ReadAsync(ct);
        var width = state.Lines.Select(line => line.Name.Length).Append("MIGRATION".Length).Max();
        await output.WriteLineAsync($"{"MIGRATION".PadRight(width)}  STATE    APPLIED AT (UTC)        TOOK");
        foreach (var (name, standing, applied) in state.Lines)
        {
            var when = applied is null ? "" : $"{applied.AppliedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}  {applied.DurationMs,8} ms";
            await output.WriteLineAsync($"{name.PadRight(width)}  {standing.ToString().ToLowerInvariant(),-7}  {when}".TrimEnd());
        }

        if (state.Obstacle() is { } obstacle)
            await output.WriteLineAsync(obstacle);
    }

    static async Task CreateAsync(string directory, string name, TextWriter output, CancellationToken ct)
    {
        if (!Directory.Exists(directory))
            throw new StorageException($"There is no folder {Path.GetFullPath(directory)}. Run this in the source tree, or name the folder with --dir.");

        var words = NotInName().Replace(name.ToLowerInvariant(), "_").Trim('_');
        if (words.Length == 0)
            throw new StorageException($"'{name}' has no letter or digit to name a file by.");

        var file = $"{TimeProvider.System.GetUtcNow():yyyyMMddHHmmss}_{words}.sql";
        var undo = Path.Combine(directory, "undo");
        Directory.CreateDirectory(undo);
        await WriteAsync(Path.Combine(directory, file), $"-- {name}\n");
        await WriteAsync(Path.Combine(undo, file), $"-- Undoes {file}\n");

        async Task WriteAsync(string path, string text)
        {
            await File.WriteAllTextAsync(path, text, ct);
            await output.WriteLineAsync(path);
        }
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInName();
}
