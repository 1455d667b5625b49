using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Attune.Server.Storage;

/// <summary>The migrations that a build of the server carries, in order.</summary>
public sealed partial class MigrationFolder
{
    MigrationFolder(string directory, IReadOnlyList<Migration> migrations) => (Directory, Migrations) = (directory, migrations);

    /// <summary>The one that lies beside the server's program.</summary>
    public static string BesideServer => Path.Combine(AppContext.BaseDirectory, "migrations");

    public string Directory { get; }
    public IReadOnlyList<Migration> Migrations { get; }

    /// <exception cref="StorageException">There is no such folder, or a file in it is misnamed or a duplicate.</exception>
    public static MigrationFolder Load(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
            throw new StorageException($"There is no migrations folder {directory}. Name it with --dir.");

        var migrations = System.IO.Directory.EnumerateFiles(directory, "*.sql").Select(Read).OrderBy(each => each.Version).ToList();
        foreach (var (earlier, later) in migrations.Zip(migrations.Skip(1)))
        {
            if (earlier.Version == later.Version)
                throw new StorageException($"{earlier.Name}.sql and {later.Name}.sql have the same version. Rename the one that has not landed.");
        }

        return new(directory, migrations);
    }

    static Migration Read(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        if (!FileName().IsMatch(name))
            throw new StorageException($"{path} is not named like a migration. Call it yyyyMMddHHmmss_lower_case_words.sql.");

        var sql = File.ReadAllText(path).ReplaceLineEndings("\n");
        return new()
        {
            Version = long.Parse(name[..14]),
            Name = name,
            Path = path,
            Sql = sql,
            Checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))),
            UndoPath = Path.Combine(Path.GetDirectoryName(path)!, "undo", Path.GetFileName(path)),
        };
    }

    [GeneratedRegex("^[0-9]{14}_[a-z0-9]+(_[a-z0-9]+)*$")]
    private static partial Regex FileName();
}
