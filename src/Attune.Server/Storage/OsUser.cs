namespace Attune.Server.Storage;

/// <summary>The unprivileged user that PostgreSQL, which refuses root, runs as when we are root.</summary>
sealed record OsUser(string Name, int UserId, int GroupId)
{
    /// <summary>Null when we are not root: PostgreSQL then runs as ourselves.</summary>
    public static OsUser? ForPostgres()
    {
        if (!Environment.IsPrivilegedProcess)
            return null;

        return Find("postgres") ?? Find("nobody")
            ?? throw new StorageException("PostgreSQL must not run as root, and there is neither a user 'postgres' nor 'nobody'. Run: useradd --system postgres");
    }

    /// <summary>The command as this user runs it; it keeps no group of ours.</summary>
    public IReadOnlyList<string> Running(IReadOnlyList<string> command)
        => ["setpriv", $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--", .. command];

    static OsUser? Find(string name)
    {
        var fields = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > 3 && fields[0] == name);
        return fields is null ? null : new(name, int.Parse(fields[2]), int.Parse(fields[3]));
    }
}
