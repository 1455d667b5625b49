using Attune.Server.Storage;
using Attune.Testing;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Tests.Storage;

public sealed class StorageFeatureTests
{
    [Fact]
    public async Task Connections_find_the_schema_speak_UTC_and_say_who_they_are()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        using var host = Host(bench.ConnectionString);
        await host.StartAsync(Waiting.SoonEnough);

        await using var connection = await host.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Waiting.SoonEnough);
        Assert.Equal("attune", await connection.ExecuteScalarAsync<string>("show search_path"));
        Assert.Equal("UTC", await connection.ExecuteScalarAsync<string>("show timezone"));
        Assert.Equal("attune-server", await connection.ExecuteScalarAsync<string>("show application_name"));
        await host.StopAsync(Waiting.SoonEnough);
    }

    [Fact]
    public async Task A_statement_used_again_is_prepared()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        await using var connection = await bench.Db.OpenConnectionAsync(Waiting.SoonEnough);
        foreach (var number in Enumerable.Range(0, 3))
            await connection.ExecuteScalarAsync<int>("select @number + 1", new { number });
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select count(*) from pg_prepared_statements where statement like 'select $1 + 1'"));
    }

    [Fact]
    public async Task What_the_connection_string_says_wins_over_the_defaults()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        var given = $"{bench.ConnectionString};Application Name=mine;Max Auto Prepare=0";
        await using var db = Database.Open(new() { ConnectionString = given }, "attune-server");
        await using var connection = await db.OpenConnectionAsync(Waiting.SoonEnough);
        Assert.Equal("mine", await connection.ExecuteScalarAsync<string>("show application_name"));
        Assert.Equal(0, new NpgsqlConnectionStringBuilder(db.ConnectionString).MaxAutoPrepare);
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_answers_as_primary_is_used()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        var alive = new NpgsqlConnectionStringBuilder(bench.ConnectionString);
        var several = new NpgsqlConnectionStringBuilder(bench.ConnectionString) { Host = $"/nowhere,{alive.Host}" };
        await using var db = Database.Open(new() { ConnectionString = several.ConnectionString }, "attune-server");
        await using var connection = await db.OpenConnectionAsync(Waiting.SoonEnough);
        Assert.False(await connection.ExecuteScalarAsync<bool>("select pg_is_in_recovery()"));
    }

    [Fact]
    public async Task A_server_without_a_database_does_not_start()
    {
        using var host = Host("");
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Waiting.SoonEnough));
        Assert.Contains("ConnectionString", refusal.Message);
    }

    static IHost Host(string connectionString)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection([new("Storage:ConnectionString", connectionString)]);
        builder.Services.AddStorage();
        return builder.Build();
    }
}
