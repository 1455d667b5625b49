using Attune.Server.Storage;
using Attune.Testing;

namespace Attune.Server.Tests.Storage;

public sealed class MigrateCommandTests : IAsyncLifetime, IDisposable
{
    readonly ScratchDirectory scratch = new();
    DatabaseBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        scratch.Write("20250101000001_first_thing.sql", "create schema attune;");
        scratch.Write("undo/20250101000001_first_thing.sql", "drop schema attune;");
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Run_info_and_revert_say_what_they_did()
    {
        Assert.Matches(@"20250101000001_first_thing\s+pending$", (await RunAsync("info")).Output.Trim());
        Assert.Contains("applied   20250101000001_first_thing", (await RunAsync("run")).Output);
        Assert.Contains("Nothing to do", (await RunAsync("run")).Output);
        Assert.Matches(@"20250101000001_first_thing\s+applied\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+\d+ ms$", (await RunAsync("info")).Output.Trim());
        Assert.Contains("reverted  20250101000001_first_thing", (await RunAsync("revert", "--to", "0")).Output);
        Assert.Matches(@"pending$", (await RunAsync("info")).Output.Trim());
    }

    [Fact]
    public async Task Info_shows_what_was_edited_and_what_is_unknown()
    {
        await RunAsync("run");
        scratch.Write("20250101000001_first_thing.sql", "create schema attune; -- later thought");
        var edited = await RunAsync("info");
        Assert.Contains("edited", edited.Output);
        Assert.Contains("Restore the file", edited.Output);

        File.Move(
            Path.Combine(scratch.Path, "20250101000001_first_thing.sql"), Path.Combine(scratch.Path, "20250101000002_other.sql"));
        Assert.Matches("first_thing +unknown", (await RunAsync("info")).Output);
    }

    [Fact]
    public async Task A_new_migration_gets_the_time_as_its_version_and_an_undo()
    {
        var made = (await RunAsync("new", "Add the Other-thing!")).Output.Trim().Split('\n');
        Assert.Matches(@"/\d{14}_add_the_other_thing\.sql$", made[0]);
        Assert.Equal(Path.Combine(scratch.Path, "undo", Path.GetFileName(made[0])), made[1]);
        Assert.All(made, file => Assert.True(File.Exists(file)));
        Assert.Equal(2, MigrationFolder.Load(scratch.Path).Migrations.Count);
    }

    [Fact]
    public async Task A_refusal_is_exit_code_1_on_the_error_stream()
    {
        scratch.Write("20250101000002_broken.sql", "select 1;\nselect nonsense;");
        var (exitCode, output, error) = await RunAsync("run");
        Assert.Equal(1, exitCode);
        Assert.Contains("applied   20250101000001_first_thing", output);
        Assert.Contains("20250101000002_broken.sql:2: ", error);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_named_without_its_password()
    {
        var error = new StringWriter();
        var exitCode = await MigrateCommand.RunAsync(
            ["info", "--dir", scratch.Path, "--database", "Host=127.0.0.1;Port=1;Username=u;Password=hush-hush"],
            TextWriter.Null, error, Waiting.SoonEnough);
        Assert.Equal(1, exitCode);
        Assert.Contains("127.0.0.1 cannot be reached", error.ToString());
        Assert.DoesNotContain("hush", error.ToString());
    }

    [Fact]
    public async Task The_configuration_file_names_the_database_when_nothing_else_does()
    {
        var config = scratch.Write("attune.json", $$"""{ "Storage": { "ConnectionString": "{{bench.ConnectionString}}" } }""");
        var output = new StringWriter();
        Assert.Equal(0, await MigrateCommand.RunAsync(
            ["run", "--dir", scratch.Path, "--config", config], output, TextWriter.Null, Waiting.SoonEnough));
        Assert.Contains("1 applied", output.ToString());
    }

    [Theory]
    [InlineData]
    [InlineData("sideways")]
    [InlineData("run", "--to", "1")]
    [InlineData("revert", "--to", "x")]
    [InlineData("new")]
    [InlineData("run", "--dir")]
    public async Task What_is_not_understood_prints_the_usage(params string[] args)
    {
        var error = new StringWriter();
        Assert.Equal(2, await MigrateCommand.RunAsync(args, TextWriter.Null, error, Waiting.SoonEnough));
        Assert.StartsWith("Usage: attune-server migrate", error.ToString());
    }

    async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        string[] where = args[0] == "new" ? [] : ["--database", bench.ConnectionString];
        var exitCode = await MigrateCommand.RunAsync([.. args, "--dir", scratch.Path, .. where], output, error, Waiting.SoonEnough);
        return (exitCode, output.ToString(), error.ToString());
    }
}
