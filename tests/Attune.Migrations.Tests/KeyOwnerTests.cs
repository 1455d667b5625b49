using Attune.Testing;
using Npgsql;

namespace Attune.Migrations.Tests;

public sealed class KeyOwnerTests
{
    static readonly string[] Types = ["identity", "pack", "action", "sensor"];
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Theory]
    [InlineData("'system'", "null, null, null, null", null)]
    [InlineData("'identity'", "1000, null, null, null", "1000")]
    [InlineData("'pack'", "null, 1000, null, null", "1000")]
    [InlineData("'action'", "null, null, 1000, null", "1000")]
    [InlineData("'sensor'", "null, null, null, 1000", "1000")]
    public async Task A_key_has_exactly_the_owner_of_its_type(string type, string owners, string? owner)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        await bench.Db.ExecuteAsync(Insert("mine", type, owners), ct);

        Assert.Equal(owner, await bench.Db.ReadAsync<string?>("select owner from attune.key where ref = 'mine'", ct));
    }

    [Theory]
    [InlineData("'system'", "1000, null, null, null")]
    [InlineData("'system'", "null, null, null, 1000")]
    [InlineData("'identity'", "null, null, null, null")]
    [InlineData("'identity'", "null, 1000, null, null")]
    [InlineData("'identity'", "1000, 1000, null, null")]
    [InlineData("'pack'", "null, null, 1000, null")]
    [InlineData("'action'", "null, 1000, 1000, null")]
    [InlineData("'sensor'", "1000, null, null, 1000")]
    public async Task Any_other_owner_is_refused(string type, string owners)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        var refusal = await bench.Db.RefusalAsync(Insert("mine", type, owners), ct);

        Assert.Equal((PostgresErrorCodes.CheckViolation, "validate_key_owner"), (refusal?.SqlState, refusal?.ConstraintName));
    }

    [Fact]
    public async Task An_update_is_held_to_the_same()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        var refusal = await bench.Db.RefusalAsync("update attune.key set owner_type = 'action'", ct);

        Assert.Equal("validate_key_owner", refusal?.ConstraintName);
    }

    [Fact]
    public async Task The_owner_cannot_disagree_with_the_owners_id()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        await bench.Db.ExecuteAsync("update attune.key set owner = 'somebody else'", ct);

        Assert.Equal("1000", await bench.Db.ReadAsync<string>("select owner from attune.key", ct));
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("pack")]
    [InlineData("action")]
    [InlineData("sensor")]
    public async Task A_key_goes_with_its_owner(string owner)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync($"delete from attune.key; {Insert("mine", $"'{owner}'", string.Join(", ", Types.Select(type => type == owner ? "1000" : "null")))}", ct);

        await bench.Db.ExecuteAsync($"delete from attune.{owner}", ct);

        Assert.Equal(0, await bench.Db.ReadAsync<int>("select count(*) from attune.key", ct));
    }

    static string Insert(string reference, string type, string owners)
        => $"""
           insert into attune.key (ref, name, encrypted, value, owner_type, owner_identity, owner_pack, owner_action, owner_sensor)
           values ('{reference}', 'mine', false, 'v', {type}, {owners})
           """;
}
