using System.Diagnostics;

namespace Attune.Server.Storage;

/// <summary>
/// A shell between us and PostgreSQL that waits on a pipe from us. The kernel closes the pipe however we end, `kill -9`
/// included, and the shell then stops PostgreSQL. (The parent-death signal will not do: it follows the thread that
/// started the child, and a thread of the pool may end at any time.)
/// </summary>
static class PostgresWatchdog
{
    const string Script =
        """
        exec 3<&0 </dev/null >/dev/null 2>&1
        signal=$1 log=$2 remove=$3
        shift 3
        "$@" 3<&- >"$log" 2>&1 &
        postgres=$!
        { read -r _ <&3; kill -s "$signal" "$postgres"; } &
        reader=$!
        wait "$postgres"
        code=$?
        kill "$reader"
        [ -z "$remove" ] || rm -rf -- "$remove"
        exit "$code"
        """;

    public static Process Start(PostgresDirectory place, PostgresBinaries binaries, PrivatePostgresOptions options)
    {
        IReadOnlyList<string> postgres =
        [
            binaries["postgres"], "-D", place.Data, "-k", place.Socket,
            .. options.Settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" }),
        ];
        // INT is a fast shutdown: it ends sessions and writes a checkpoint. QUIT is enough for what is deleted anyway.
        var (signal, remove) = options.Throwaway ? ("QUIT", place.Directory) : ("INT", "");
        var command = place.AsUser(["sh", "-c", Script, "attune-postgres", signal, place.Log, remove, .. postgres]);

        // In a session of its own it does not get the Ctrl-C of our terminal before we have finished with the database.
        if (File.Exists("/usr/bin/setsid"))
            command = ["/usr/bin/setsid", .. command];

        return Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }
}
