using Attune.Server.Hosting;
using Attune.Server.Keys;
using Attune.Server.Storage;
using Attune.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Attune.Server.Tests.Hosting;

public sealed class StartTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task A_replica_with_another_master_key_does_not_start_and_says_why()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var other = Path.Combine(Directory.CreateTempSubdirectory("attune-edge-").FullName, "master.key");
        MasterKeys.CreateFile(other);

        var refused = await Assert.ThrowsAsync<OperatorException>(() => EdgeBench.StartAsync(
            bench, true, _ => { }, SoonEnough, ("Security:MasterKeyFile", other)));

        Assert.Contains("Give every replica the same Security:MasterKeyFile", refused.Message);
        Assert.Contains(MasterKeys.Read(Path.Combine(bench.StateDirectory, "master.key")).Active.Id, refused.Message);
    }

    [Fact]
    public async Task Without_a_master_key_file_the_server_does_not_start()
    {
        var missing = await Assert.ThrowsAsync<OptionsValidationException>(
            () => EdgeBench.StartAsync(SoonEnough, ("Security:MasterKeyFile", "")));
        var absent = await Assert.ThrowsAsync<OperatorException>(
            () => EdgeBench.StartAsync(SoonEnough, ("Security:MasterKeyFile", "/nonexistent/master.key")));

        Assert.Contains("Security:MasterKeyFile", missing.Message);
        Assert.Contains("openssl rand", absent.Message);
    }

    [Fact]
    public async Task A_database_that_is_not_migrated_is_refused_before_anything_listens()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await using var empty = await DatabaseBench.CreateEmptyAsync(SoonEnough);

        var refused = await Assert.ThrowsAsync<StorageException>(
            () => EdgeBench.StartAsync(bench, true, _ => { }, SoonEnough, ("Storage:ConnectionString", empty.ConnectionString)));

        Assert.Contains("migrate run", refused.Message);
    }

    [Fact]
    public void An_unknown_setting_is_reported_with_the_nearest_known_one()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Server:Listen:0"] = "http://127.0.0.1:7700",
            ["Server:Listn:0"] = "http://127.0.0.1:7700",
            ["storage:connectionstring"] = "x",
            ["Storage:ConectionString"] = "x",
        }).Build();

        var unknown = Settings.FindUnknown(configuration);

        Assert.Equal(2, unknown.Count);
        Assert.Contains(unknown, text => text.StartsWith("Server:Listn:0", StringComparison.Ordinal) && text.Contains("Server:Listen"));
        Assert.Contains(unknown, text => text.Contains("Storage:ConnectionString"));
    }

    [Fact]
    public void A_configuration_file_that_is_missing_or_broken_is_named()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("attune-edge-").FullName, "server.json");
        Assert.Contains(path, Assert.Throws<OperatorException>(() => Configuration.Read(path)).Message);

        File.WriteAllText(path, "{ not json");
        Assert.Contains(path, Assert.Throws<OperatorException>(() => Configuration.Read(path)).Message);

        File.WriteAllText(path, """{"Server": {"Listen": ["http://127.0.0.1:1"]}, "Nonsense": 1}""");
        Assert.Contains("Nonsense", Assert.Throws<OperatorException>(() => Configuration.Read(path)).Message);

        File.WriteAllText(path, """{"Server": {"Listen": ["http://127.0.0.1:1"]}}""");
        Assert.Equal("http://127.0.0.1:1", Configuration.Read(path)["Server:Listen:0"]);
    }
}
