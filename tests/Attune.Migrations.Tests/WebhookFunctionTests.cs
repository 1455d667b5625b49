using Attune.Testing;

namespace Attune.Migrations.Tests;

public sealed class WebhookFunctionTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task A_key_is_wh_and_32_hex_digits_and_another_one_each_time()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        var keys = await bench.Db.ListAsync<string>("select attune.generate_webhook_key() from generate_series(1, 1000)", ct);

        Assert.All(keys, key => Assert.Matches("^wh_[0-9a-f]{32}$", key));
        Assert.Equal(1000, keys.Distinct().Count());
        // Every digit of every place varies: no version bits of a UUID shine through.
        Assert.All(Enumerable.Range(3, 32), place => Assert.Equal(16, keys.Select(key => key[place]).Distinct().Count()));
    }

    [Fact]
    public async Task Enabling_makes_a_key_and_says_the_path()
    {
        await using var bench = await WithTriggerAsync();

        var (enabled, key, path) = await EnableAsync(bench, "1");

        Assert.True(enabled);
        Assert.Matches("^wh_[0-9a-f]{32}$", key);
        Assert.Equal($"/webhooks/{key}", path);
        Assert.Equal(("{}", true), await bench.Db.ReadAsync<(string, bool)>("select webhook_config::text, webhook_enabled from attune.trigger", ct));
    }

    [Fact]
    public async Task Enabling_again_keeps_the_key_and_the_configuration_unless_one_is_given()
    {
        await using var bench = await WithTriggerAsync();
        var (_, first, _) = await EnableAsync(bench, """1, '{"payload_size_limit_kb": 64}'""");

        await bench.Db.ListAsync<object>("select attune.disable_trigger_webhook(1)", ct);
        var (_, second, _) = await EnableAsync(bench, "1");

        Assert.Equal(first, second);
        Assert.Equal(64, await bench.Db.ReadAsync<int>("select (webhook_config ->> 'payload_size_limit_kb')::int from attune.trigger", ct));
        await EnableAsync(bench, """1, '{"payload_size_limit_kb": 8}'""");
        Assert.Equal(8, await bench.Db.ReadAsync<int>("select (webhook_config ->> 'payload_size_limit_kb')::int from attune.trigger", ct));
    }

    [Fact]
    public async Task Disabling_keeps_the_key()
    {
        await using var bench = await WithTriggerAsync();
        var (_, key, _) = await EnableAsync(bench, "1");

        await bench.Db.ListAsync<object>("select attune.disable_trigger_webhook(1)", ct);

        Assert.Equal((false, key), await bench.Db.ReadAsync<(bool, string)>("select webhook_enabled, webhook_key from attune.trigger", ct));
    }

    [Fact]
    public async Task A_new_key_revokes_the_old_one_and_says_whether_there_was_one()
    {
        await using var bench = await WithTriggerAsync();

        var (first, hadOne) = await bench.Db.ReadAsync<(string, bool)>("select * from attune.regenerate_trigger_webhook_key(1)", ct);
        var (second, hadAnother) = await bench.Db.ReadAsync<(string, bool)>("select * from attune.regenerate_trigger_webhook_key(1)", ct);

        Assert.Equal((false, true), (hadOne, hadAnother));
        Assert.NotEqual(first, second);
        Assert.Equal(second, await bench.Db.ReadAsync<string>("select webhook_key from attune.trigger", ct));
    }

    [Theory]
    [InlineData("enable_trigger_webhook")]
    [InlineData("disable_trigger_webhook")]
    [InlineData("regenerate_trigger_webhook_key")]
    public async Task A_trigger_that_does_not_exist_is_an_error_that_names_it(string function)
    {
        await using var bench = await WithTriggerAsync();

        var refusal = await bench.Db.RefusalAsync($"select attune.{function}(424242)", ct);

        Assert.Equal("trigger 424242 does not exist", refusal?.MessageText);
    }

    [Fact]
    public async Task They_work_without_a_search_path()
    {
        await using var bench = await WithTriggerAsync();

        await bench.Db.ExecuteAsync(
            """
            set search_path to pg_catalog;
            select attune.enable_trigger_webhook(1), attune.regenerate_trigger_webhook_key(1), attune.disable_trigger_webhook(1);
            """, ct);

        Assert.True(await bench.Db.ReadAsync<bool>("select webhook_key is not null from attune.trigger", ct));
    }

    async Task<DatabaseBench> WithTriggerAsync()
    {
        var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("insert into attune.trigger (ref, label) values ('core.hook', 'Hook')", ct);
        return bench;
    }

    async Task<(bool Enabled, string Key, string Path)> EnableAsync(DatabaseBench bench, string arguments)
        => await bench.Db.ReadAsync<(bool, string, string)>($"select * from attune.enable_trigger_webhook({arguments})", ct);
}
