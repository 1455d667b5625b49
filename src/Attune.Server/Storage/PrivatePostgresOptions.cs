namespace Attune.Server.Storage;

/// <summary>A PostgreSQL of our own, reached only through a unix socket that only its user (and root) can open.</summary>
public sealed record PrivatePostgresOptions
{
    /// <summary>Holds the data, the socket and the log. The OS user that PostgreSQL runs as must be able to reach it.</summary>
    public required string Directory { get; init; }

    /// <summary>Where `postgres`, `initdb` and `pg_ctl` are; null looks in the usual places.</summary>
    public string? BinaryDirectory { get; init; }

    /// <summary>For tests: quick instead of durable, and everything is deleted when it stops, however it stops.</summary>
    public bool Throwaway { get; init; }

    /// <summary>How long a start may take; the recovery after a crash is part of it.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>`/var/lib/attune/postgres` for root, else `$XDG_STATE_HOME/attune/postgres`.</summary>
    public static string DefaultDirectory
    {
        get
        {
            if (Environment.IsPrivilegedProcess)
                return "/var/lib/attune/postgres";

            var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } given
                ? given
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
            return Path.Combine(state, "attune", "postgres");
        }
    }

    /// <summary>For tests: what an operator may have set otherwise; it wins over ours.</summary>
    internal IReadOnlyDictionary<string, string> Overrides { get; init; } = new Dictionary<string, string>();

    internal IEnumerable<KeyValuePair<string, string>> Settings => [.. Throwaway ? Quick : Durable, .. Overrides];

    static readonly Dictionary<string, string> Shared = new()
    {
        ["listen_addresses"] = "",
        ["unix_socket_permissions"] = "0700",
        ["jit"] = "off",
        ["random_page_cost"] = "1.1",
        // The feed tells changes in the order of their commits.
        ["track_commit_timestamp"] = "on",
        ["log_checkpoints"] = "off",
        ["log_timezone"] = "UTC",
        ["timezone"] = "UTC",
        // Their defaults are the cluster's locale, and the start is recognised by a message.
        ["lc_messages"] = "C",
    };

    // Sized for a two-core development machine that also builds and tests.
    static readonly Dictionary<string, string> Durable = new(Shared)
    {
        ["max_connections"] = "100",
        ["shared_buffers"] = "256MB",
        ["effective_cache_size"] = "1GB",
        ["work_mem"] = "16MB",
        ["maintenance_work_mem"] = "128MB",
        ["max_wal_size"] = "2GB",
        ["min_wal_size"] = "256MB",
        ["wal_buffers"] = "16MB",
        ["wal_compression"] = "on",
        ["checkpoint_timeout"] = "15min",
        // The queue and the executions turn over in seconds; the default minute lets them bloat.
        ["autovacuum_naptime"] = "15s",
    };

    static readonly Dictionary<string, string> Quick = new(Shared)
    {
        ["max_connections"] = "300",
        ["shared_buffers"] = "128MB",
        ["fsync"] = "off",
        ["synchronous_commit"] = "off",
        ["full_page_writes"] = "off",
        ["wal_level"] = "minimal",
        ["max_wal_senders"] = "0",
        ["max_wal_size"] = "1GB",
    };
}
