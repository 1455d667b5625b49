namespace Attune.Server.Storage;

public enum MigrationStanding
{
    Applied,
    Pending,

    /// <summary>The file is no longer what was applied.</summary>
    Edited,

    /// <summary>Applied, but this build has no such file: a newer server was here.</summary>
    Unknown,
}

/// <summary>One line of `migrate info`.</summary>
public sealed record MigrationLine(string Name, MigrationStanding Standing, AppliedMigration? Applied);

/// <summary>How a database compares with the migrations of a build.</summary>
public sealed record MigrationState(IReadOnlyList<MigrationLine> Lines)
{
    public static MigrationState Compare(MigrationFolder folder, IReadOnlyList<AppliedMigration> applied)
    {
        var remembered = applied.ToDictionary(each => each.Version);
        var known = folder.Migrations.ToDictionary(each => each.Version);
        var lines = folder.Migrations
            .Select(file => (file.Version, Line: LineOf(file, remembered.GetValueOrDefault(file.Version))))
            .Concat(applied
                .Where(each => !known.ContainsKey(each.Version))
                .Select(each => (each.Version, Line: new MigrationLine(each.Name, MigrationStanding.Unknown, each))))
            .OrderBy(each => each.Version)
            .Select(each => each.Line);
        return new([.. lines]);
    }

    public IReadOnlyList<string> Names(MigrationStanding standing)
        => [.. Lines.Where(line => line.Standing == standing).Select(line => line.Name)];

    /// <summary>What stands in the way of applying anything; null when nothing does.</summary>
    public string? Obstacle()
    {
        if (Names(MigrationStanding.Edited) is { Count: > 0 } edited)
            return $"Changed since it was applied: {List(edited)}. Restore the file as it was and put the change into a new migration (attune-server migrate new NAME).";

        if (Names(MigrationStanding.Unknown) is { Count: > 0 } unknown)
            return $"The database is ahead of this server, which does not have: {List(unknown)}. Use the server version that migrated it, or let that version revert them first (attune-server migrate revert --to VERSION).";

        return null;
    }

    static MigrationLine LineOf(Migration file, AppliedMigration? applied) => applied switch
    {
        null => new(file.Name, MigrationStanding.Pending, null),
        _ when applied.Checksum != file.Checksum || applied.Name != file.Name => new(file.Name, MigrationStanding.Edited, applied),
        _ => new(file.Name, MigrationStanding.Applied, applied),
    };

    internal static string List(IReadOnlyList<string> names) => string.Join(", ", names.Select(name => $"{name}.sql"));
}
