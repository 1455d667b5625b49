using System.Text.RegularExpressions;

namespace Attune.Server.Storage;

/// <summary>An installed PostgreSQL server: the directory of its programs and its major version.</summary>
sealed partial record PostgresBinaries(string Directory, int Major)
{
    const int OldestMajor = 14;

    // Where distributions and Homebrew keep the server's programs, which most leave out of PATH.
    static readonly string[] Places =
    [
        "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/lib/postgresql*/bin", "/usr/local/pgsql/bin",
        "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
    ];

    public string this[string program] => Path.Combine(Directory, program);

    /// <summary>
    /// Looks in the given directory only, or without one in all the usual places. The data fixes the major version; with
    /// no data yet the newest is taken.
    /// </summary>
    public static async Task<PostgresBinaries> FindAsync(string? directory, int? major, CancellationToken ct)
    {
        var found = new List<PostgresBinaries>();
        foreach (var place in directory is null ? UsualPlaces() : [directory])
        {
            if (await AtAsync(place, ct) is { } binaries)
                found.Add(binaries);
        }

        var suitable = found.Where(each => each.Major >= OldestMajor && (major is null || each.Major == major)).ToList();
        return suitable.MaxBy(each => each.Major) ?? throw new StorageException(Explain(directory, major, found));
    }

    static IEnumerable<string> UsualPlaces()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return path.Concat(Places.SelectMany(Expand)).Distinct();
    }

    static IEnumerable<string> Expand(string pattern)
    {
        var star = Path.GetDirectoryName(pattern)!;
        var (parent, name) = (Path.GetDirectoryName(star)!, Path.GetFileName(star));
        return System.IO.Directory.Exists(parent)
            ? System.IO.Directory.EnumerateDirectories(parent, name).Select(each => Path.Combine(each, "bin"))
            : [];
    }

    static async Task<PostgresBinaries?> AtAsync(string directory, CancellationToken ct)
    {
        var postgres = new FileInfo(Path.Combine(directory, "postgres"));
        if (!postgres.Exists)
            return null;

        // A link on PATH often stands alone; initdb and pg_ctl are beside the real file.
        var real = postgres.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? postgres.FullName;
        var home = Path.GetDirectoryName(real)!;
        if (!File.Exists(Path.Combine(home, "initdb")) || !File.Exists(Path.Combine(home, "pg_ctl")))
            return null;

        var version = Version().Match((await CommandRun.RunAsync([real, "--version"], ct)).Output);
        return version.Success ? new(home, int.Parse(version.Groups[1].Value)) : null;
    }

    static string Explain(string? directory, int? major, List<PostgresBinaries> found)
    {
        var package = major is null ? "postgresql" : $"postgresql-{major}";
        var wanted = major is null ? $"PostgreSQL {OldestMajor} or newer" : $"PostgreSQL {major}, which made the data,";
        var seen = found.Count == 0
            ? "no server programs (postgres, initdb, pg_ctl) were found"
            : "found only " + string.Join(", ", found.Distinct().Select(each => $"version {each.Major} in {each.Directory}"));
        return $"{wanted} is needed and {seen}{(directory is null ? "" : $" in {directory}")}. "
            + $"Install it (Debian, Ubuntu: apt-get install {package}; Fedora, RHEL: dnf install postgresql-server; "
            + $"macOS: brew install postgresql), name its directory in Storage:PostgresDirectory, or set Storage:ConnectionString to a database of your own.";
    }

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)")]
    private static partial Regex Version();
}
