using Attune.Cli.Configuration;
using Attune.Testing;

namespace Attune.Cli.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    readonly string folder = Directory.CreateTempSubdirectory("attune-config-").FullName;
    readonly StringWriter warnings = new();

    string PathTo => Path.Combine(folder, "deep", "attune", "config.json");

    [Fact]
    public async Task Only_its_owner_may_read_what_is_written_and_nothing_is_left_beside_it()
    {
        await WriteAsync("dev", new() { Server = "http://127.0.0.1:1", Token = "att_x" });

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(PathTo));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(PathTo)!));
        Assert.Equal(["config.json", "config.json.lock"], Directory.GetFiles(Path.GetDirectoryName(PathTo)!).Select(Path.GetFileName).Order());
        Assert.Equal("att_x", Open().Read().ByName["dev"].Token);
    }

    [Fact]
    public async Task A_file_that_others_can_read_is_closed_and_that_is_said()
    {
        await WriteAsync("dev", new() { Token = "att_x" });
        File.SetUnixFileMode(PathTo, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Open().Read();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(PathTo));
        Assert.Contains("0644", warnings.ToString());
        Assert.DoesNotContain("att_x", warnings.ToString());
    }

    [Fact]
    public async Task What_a_newer_version_wrote_survives()
    {
        await WriteAsync("dev", new());
        await File.WriteAllTextAsync(PathTo, """{"current":"dev","theme":"dark","profiles":{"dev":{"server":"http://a","shiny":[1]}}}""");

        await WriteAsync("other", new() { Server = "http://b" });

        var text = await File.ReadAllTextAsync(PathTo);
        Assert.Contains("\"theme\": \"dark\"", text);
        Assert.Contains("\"shiny\"", text);
    }

    [Fact]
    public async Task A_file_that_is_no_JSON_is_named_and_left_alone()
    {
        await WriteAsync("dev", new());
        await File.WriteAllTextAsync(PathTo, "{\n\"profiles\": nonsense}");

        var failure = Assert.Throws<CommandFailure>(() => Open().Read());

        Assert.Contains(PathTo, failure.Message);
        Assert.Contains("line 2", failure.Message);
        Assert.Equal("{\n\"profiles\": nonsense}", await File.ReadAllTextAsync(PathTo));
    }

    [Fact]
    public async Task Nobody_loses_a_change_that_another_makes_at_the_same_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(each => WriteAsync($"p{each}", new() { Server = $"http://{each}" })));

        Assert.Equal(20, Open().Read().ByName.Count);
    }

    [Theory]
    [InlineData("/x/c.json", "/y", "/x/c.json")]
    [InlineData(null, "/y", "/y/attune/config.json")]
    [InlineData("", "/y", "/y/attune/config.json")]
    public void The_place_is_ATTUNE_CONFIG_or_that_of_XDG(string? named, string xdg, string expected)
        => Assert.Equal(expected, ConfigurationFile.DefaultPath(name => name is "ATTUNE_CONFIG" ? named : xdg));

    [Fact]
    public void A_relative_XDG_folder_is_ignored()
        => Assert.EndsWith("/.config/attune/config.json", ConfigurationFile.DefaultPath(name => name is "XDG_CONFIG_HOME" ? "here" : null));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    ConfigurationFile Open() => new(PathTo, warnings);

    Task<Profiles> WriteAsync(string name, Profile profile) => Open().UpdateAsync(
        (profiles, _) => Task.FromResult(profiles with { Current = name, ByName = new(profiles.ByName) { [name] = profile } }),
        TimeProvider.System,
        Waiting.SoonEnough);
}
