using System.Diagnostics;
using Npgsql;

namespace Attune.Server.Storage;

/// <summary>
/// A running PostgreSQL that belongs to this process and ends with it. Its data stays for the next start.
/// Beside an installed system cluster it shares nothing but the programs.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    // Not "attune": the default search path would find that schema by the name of the user, and hide unqualified names in migrations.
    const string Superuser = "postgres";
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    readonly PostgresDirectory place;
    readonly PostgresBinaries binaries;
    readonly FileStream ownership;
    readonly Process watchdog;
    readonly bool isThrowaway;
    readonly TimeProvider clock;

    PrivatePostgres(
        PostgresDirectory place, PostgresBinaries binaries, FileStream ownership, Process watchdog, bool isThrowaway, TimeProvider clock)
    {
        (this.place, this.binaries, this.ownership) = (place, binaries, ownership);
        (this.watchdog, this.isThrowaway, this.clock) = (watchdog, isThrowaway, clock);
    }

    /// <summary>To the database `attune`, as its owner, the superuser `postgres`.</summary>
    public string ConnectionString => ConnectionTo("attune");

    /// <summary>Ends when PostgreSQL has ended, asked or not.</summary>
    public Task Ended => watchdog.WaitForExitAsync(CancellationToken.None);

    public string ConnectionTo(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = place.Socket,
        Username = Superuser,
        Database = database,
    }.ConnectionString;

    /// <exception cref="StorageException">It cannot start; the message says why and what to do.</exception>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, TimeProvider clock, CancellationToken ct)
    {
        var place = new PostgresDirectory(Path.GetFullPath(options.Directory), OsUser.ForPostgres());
        await place.CreateAsync(ct);
        var ownership = place.TakeOwnership();
        try
        {
            var binaries = await PostgresBinaries.FindAsync(options.BinaryDirectory, place.DataMajor, ct);
            // We own the directory, so a postmaster in it was left by a server that was killed together with its watchdog.
            await place.StopPostmasterAsync(binaries, "fast", ct);
            if (place.DataMajor is null)
                await InitializeAsync(place, binaries, options.Throwaway, ct);

            var watchdog = await StartReadyAsync(place, binaries, options, clock, ct);
            var postgres = new PrivatePostgres(place, binaries, ownership, watchdog, options.Throwaway, clock);
            await postgres.EnsureDatabaseAsync(ct);
            return postgres;
        }
        catch
        {
            await ownership.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Stops what still runs in a throwaway directory that nobody owns any more and deletes it; does nothing when it is in use.
    /// </summary>
    internal static async Task RemoveAbandonedAsync(string directory, CancellationToken ct)
    {
        var place = new PostgresDirectory(directory, OsUser.ForPostgres());
        try
        {
            await using var ownership = place.TakeOwnership();
            if (place.DataMajor is { } major)
                await place.StopPostmasterAsync(await PostgresBinaries.FindAsync(null, major, ct), "immediate", ct);
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception exception) when (exception is StorageException or IOException or UnauthorizedAccessException)
        {
            // In use, another user's, or being reaped by another process at this moment: not ours to remove.
        }
    }

    public async ValueTask DisposeAsync()
    {
        watchdog.StandardInput.Close();
        using var patience = new CancellationTokenSource(StopTimeout, clock);
        try
        {
            await watchdog.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await place.StopPostmasterAsync(binaries, "immediate", CancellationToken.None);
        }

        // Only when the watchdog was killed is there still something to stop.
        await place.StopPostmasterAsync(binaries, "fast", CancellationToken.None);
        // The watchdog emptied it, but may lack the right to take it out of its parent.
        if (isThrowaway && Directory.Exists(place.Directory))
            Directory.Delete(place.Directory, recursive: true);
        watchdog.Dispose();
        await ownership.DisposeAsync();
    }

    static async Task InitializeAsync(PostgresDirectory place, PostgresBinaries binaries, bool throwaway, CancellationToken ct)
    {
        // Made beside and renamed, so a start that was interrupted here leaves nothing half made in place.
        var unfinished = place.Data + ".new";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);

        var run = await InitdbAsync("C.UTF-8");
        // Old distributions and macOS do not have it.
        if (run.ExitCode != 0 && run.Output.Contains("invalid locale name"))
            run = await InitdbAsync("C");
        if (run.ExitCode != 0)
            throw new StorageException($"initdb in {place.Directory} failed: {run.Output}");

        Directory.Move(unfinished, place.Data);

        // Whoever can open the socket, which its directory allows to this user and root alone, is trusted.
        Task<CommandRun> InitdbAsync(string locale) => CommandRun.RunAsync(
            place.AsUser([
                binaries["initdb"], "-D", unfinished, "-U", Superuser, "--encoding=UTF8", $"--locale={locale}",
                "--auth-local=trust", "--auth-host=reject", "--data-checksums", throwaway ? "--no-sync" : "--no-instructions",
            ]),
            ct);
    }

    static async Task<Process> StartReadyAsync(
        PostgresDirectory place, PostgresBinaries binaries, PrivatePostgresOptions options, TimeProvider clock, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.StartTimeout, clock);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            while (true)
            {
                var watchdog = PostgresWatchdog.Start(place, binaries, options);
                if (await BecomesReadyAsync(watchdog, place, clock, patience.Token))
                    return watchdog;

                var log = place.LogTail();
                // The backends of a killed postmaster leave when their statement ends; until then it must not start.
                if (!log.Contains("pre-existing shared memory block"))
                    throw new StorageException($"PostgreSQL in {place.Directory} ended while it started. Its log ends with:\n{log}");
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new StorageException($"PostgreSQL in {place.Directory} was not ready within {options.StartTimeout}. Its log ends with:\n{place.LogTail()}");
        }
    }

    static async Task<bool> BecomesReadyAsync(Process watchdog, PostgresDirectory place, TimeProvider clock, CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = place.Socket,
            Username = Superuser,
            Database = "postgres",
            Pooling = false,
            Timeout = 5,
        };
        try
        {
            while (!watchdog.HasExited)
            {
                try
                {
                    await using var connection = new NpgsqlConnection(settings.ConnectionString);
                    await connection.OpenAsync(ct);
                    return true;
                }
                catch (NpgsqlException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), clock, ct);
                }
            }

            return false;
        }
        catch
        {
            watchdog.StandardInput.Close();
            throw;
        }
    }

    async Task EnsureDatabaseAsync(CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(ConnectionTo("postgres")) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(ct);
        await using var find = new NpgsqlCommand("select 1 from pg_database where datname = 'attune'", connection);
        if (await find.ExecuteScalarAsync(ct) is not null)
            return;

        await using var create = new NpgsqlCommand("create database attune", connection);
        await create.ExecuteNonQueryAsync(ct);
    }
}
