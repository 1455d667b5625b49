using System.Diagnostics;
using Attune.Server.Storage;
using Attune.Testing;
using Npgsql;

namespace Attune.Server.Tests.Storage;

public sealed class PrivatePostgresTests : IDisposable
{
    readonly ScratchDirectory scratch = new();

    string Home => Path.Combine(scratch.Path, "pg");

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task A_restart_keeps_the_data()
    {
        await using (var first = await StartAsync())
            await ExecuteAsync(first, "create table kept (word text); insert into kept values ('still here')");

        await using var second = await StartAsync();
        Assert.Equal("still here", await ScalarAsync(second, "select word from kept"));
    }

    [Fact]
    public async Task It_is_durable_listens_on_no_network_address_checks_its_pages_and_keeps_the_moments_of_commits()
    {
        await using var postgres = await StartAsync();
        Assert.Equal("on", await ScalarAsync(postgres, "show fsync"));
        Assert.Equal("on", await ScalarAsync(postgres, "show synchronous_commit"));
        Assert.Equal("on", await ScalarAsync(postgres, "show full_page_writes"));
        Assert.Equal("on", await ScalarAsync(postgres, "show data_checksums"));
        Assert.Equal("on", await ScalarAsync(postgres, "show track_commit_timestamp"));
        Assert.Equal("UTF8", await ScalarAsync(postgres, "show server_encoding"));
        Assert.Equal("", await ScalarAsync(postgres, "show listen_addresses"));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(Path.Combine(Home, "socket")));
    }

    [Fact]
    public async Task Stopping_it_ends_the_postmaster()
    {
        var postgres = await StartAsync();
        var postmaster = PostmasterId();
        await postgres.DisposeAsync();
        Assert.False(IsAlive(postmaster));
    }

    [Fact]
    public async Task A_second_server_is_refused_while_the_first_one_uses_the_directory()
    {
        await using var first = await StartAsync();
        var refusal = await Assert.ThrowsAsync<StorageException>(StartAsync);
        Assert.Contains("Another attune-server uses the database", refusal.Message);
        Assert.Equal(1, await ScalarAsync(first, "select 1"));
    }

    [Fact]
    public async Task A_killed_postmaster_is_noticed_and_the_next_start_recovers_what_was_committed()
    {
        await using (var first = await StartAsync())
        {
            await ExecuteAsync(first, "create table kept (word text); insert into kept values ('committed')");
            Kill(PostmasterId());
            await first.Ended.WaitAsync(Waiting.SoonEnough);
        }

        await using var second = await StartAsync();
        Assert.Equal("committed", await ScalarAsync(second, "select word from kept"));
    }

    [Fact]
    public async Task A_postmaster_whose_watchdog_was_killed_is_stopped_before_the_next_start()
    {
        var first = await StartAsync();
        var orphan = PostmasterId();
        Kill(ParentOf(orphan));
        await first.Ended.WaitAsync(Waiting.SoonEnough);
        Assert.True(IsAlive(orphan));
        await first.DisposeAsync();
        await Waiting.UntilAsync(() => !IsAlive(orphan), "the orphan ends", Waiting.SoonEnough);

        await using var second = await StartAsync();
        Assert.Equal(1, await ScalarAsync(second, "select 1"));
    }

    [Fact]
    public async Task A_server_that_is_killed_takes_its_PostgreSQL_along_and_the_next_one_starts()
    {
        var state = Path.Combine(scratch.Path, "dev");
        var pidFile = Path.Combine(state, "postgres", "data", "postmaster.pid");
        await using (var killed = await DevProcess.StartAsync(state, ["--no-agent"], Waiting.SoonEnough))
        {
            var postmaster = int.Parse(File.ReadLines(pidFile).First());
            await killed.Process.KillAsync(Waiting.SoonEnough);
            await Waiting.UntilAsync(() => !IsAlive(postmaster), "PostgreSQL ends with its server", Waiting.SoonEnough);
        }

        await using var next = await DevProcess.StartAsync(state, ["--no-agent"], Waiting.SoonEnough);
        Assert.Equal(0, await next.Process.TerminateAsync(Waiting.SoonEnough));
        Assert.False(File.Exists(pidFile));
    }

    [Fact]
    public async Task A_pid_file_that_names_somebody_elses_process_does_not_stop_the_start_nor_the_process()
    {
        await (await StartAsync()).DisposeAsync();
        using var bystander = Process.Start("sleep", "60");
        File.WriteAllText(Path.Combine(Home, "data", "postmaster.pid"), $"{bystander.Id}\n{Home}/data\n1\n5432\n{Home}/socket\n\n");

        await using (var postgres = await StartAsync())
            Assert.Equal(1, await ScalarAsync(postgres, "select 1"));

        Assert.False(bystander.HasExited);
        bystander.Kill();
    }

    [Fact]
    public async Task A_throwaway_one_leaves_nothing_behind()
    {
        var options = new PrivatePostgresOptions { Directory = Home, Throwaway = true };
        var postgres = await PrivatePostgres.StartAsync(options, TimeProvider.System, Waiting.SoonEnough);
        Assert.Equal("off", await ScalarAsync(postgres, "show fsync"));
        await postgres.DisposeAsync();
        Assert.False(Directory.Exists(Home));
    }

    [Fact]
    public async Task Without_binaries_the_message_says_how_to_install_them()
    {
        var options = new PrivatePostgresOptions { Directory = Home, BinaryDirectory = scratch.Path };
        var refusal = await Assert.ThrowsAsync<StorageException>(
            () => PrivatePostgres.StartAsync(options, TimeProvider.System, Waiting.SoonEnough));
        Assert.Contains("apt-get install postgresql", refusal.Message);
        Assert.Contains(scratch.Path, refusal.Message);
    }

    [Fact]
    public async Task Data_of_another_major_version_is_refused_before_it_is_touched()
    {
        await (await StartAsync()).DisposeAsync();
        File.WriteAllText(Path.Combine(Home, "data", "PG_VERSION"), "99\n");
        var refusal = await Assert.ThrowsAsync<StorageException>(StartAsync);
        Assert.Contains("PostgreSQL 99, which made the data", refusal.Message);
        Assert.Contains("apt-get install postgresql-99", refusal.Message);
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_is_refused_with_a_reason()
    {
        var options = new PrivatePostgresOptions { Directory = Path.Combine(scratch.Path, new string('x', 100)) };
        var refusal = await Assert.ThrowsAsync<StorageException>(
            () => PrivatePostgres.StartAsync(options, TimeProvider.System, Waiting.SoonEnough));
        Assert.Contains("too long a path for a unix socket", refusal.Message);
    }

    [Fact]
    public async Task A_log_of_why_it_ended_is_in_the_message()
    {
        await (await StartAsync()).DisposeAsync();
        File.AppendAllText(Path.Combine(Home, "data", "postgresql.conf"), "\nno_such_setting = 1\n");
        var refusal = await Assert.ThrowsAsync<StorageException>(StartAsync);
        Assert.Contains("no_such_setting", refusal.Message);
    }

    Task<PrivatePostgres> StartAsync()
        => PrivatePostgres.StartAsync(new() { Directory = Home }, TimeProvider.System, Waiting.SoonEnough);

    int PostmasterId() => int.Parse(File.ReadLines(Path.Combine(Home, "data", "postmaster.pid")).First());

    static int ParentOf(int processId)
        => int.Parse(File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal))[5..]);

    static bool IsAlive(int processId)
        => File.Exists($"/proc/{processId}/stat") && !File.ReadAllText($"/proc/{processId}/stat").Contains(") Z ");

    static void Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
    }

    static async Task<object?> ScalarAsync(PrivatePostgres postgres, string sql)
    {
        await using var db = NpgsqlDataSource.Create(postgres.ConnectionString);
        await using var command = db.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    static Task<object?> ExecuteAsync(PrivatePostgres postgres, string sql) => ScalarAsync(postgres, sql);
}
