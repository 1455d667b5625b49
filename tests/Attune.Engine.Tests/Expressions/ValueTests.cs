using System.Text.Json;
using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

public sealed class ValueTests
{
    [Theory]
    [InlineData("null", ValueKind.Null)]
    [InlineData("true", ValueKind.Bool)]
    [InlineData("9223372036854775807", ValueKind.Int)]
    [InlineData("-0", ValueKind.Int)]
    [InlineData("1.5", ValueKind.Double)]
    [InlineData("1E+20", ValueKind.Double)]
    [InlineData("\"a\\n\"", ValueKind.String)]
    [InlineData("[1,[],\"a\",{}]", ValueKind.List)]
    [InlineData("{\"b\":1,\"a\":{\"c\":null}}", ValueKind.Map)]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}", ValueKind.Map)]
    public void JSON_comes_back_as_it_was(string json, ValueKind kind)
    {
        var value = Value.FromJson(Bench.Bytes(json));

        Assert.Equal(kind, value.Kind);
        Assert.Equal(json is "-0" ? "0" : json, Bench.Json(value));
        Assert.Equal(value, Value.FromJson(JsonSerializer.Deserialize<JsonElement>(json)));
    }

    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("0", "-0.0")]
    [InlineData("9007199254740992", "9007199254740992.0")]
    [InlineData("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}")]
    [InlineData("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}", "{\"i\":9,\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8}")]
    public void Equal_values_are_equal_and_hash_alike(string left, string right)
    {
        var (first, second) = (Value.FromJson(Bench.Bytes(left)), Value.FromJson(Bench.Bytes(right)));

        Assert.True(first == second);
        Assert.True(second.Equals((object)first));
        Assert.Equal(first.GetHashCode(), second.GetHashCode());
    }

    [Theory]
    [InlineData("9007199254740993", "9007199254740992.0")]
    [InlineData("9223372036854775807", "9223372036854775808.0")]
    [InlineData("1", "true")]
    [InlineData("\"1\"", "1")]
    [InlineData("null", "0")]
    [InlineData("[1,2]", "[2,1]")]
    [InlineData("{\"a\":1}", "{\"a\":1,\"b\":1}")]
    [InlineData("{\"a\":1}", "{\"b\":1}")]
    public void Other_values_are_not_equal(string left, string right)
        => Assert.True(Value.FromJson(Bench.Bytes(left)) != Value.FromJson(Bench.Bytes(right)));

    [Fact]
    public void Of_a_name_that_comes_twice_the_last_value_counts()
    {
        Assert.Equal("{\"a\":3,\"b\":2}", Bench.Json(Value.FromJson(Bench.Bytes("{\"a\":1,\"b\":2,\"a\":3}"))));

        var many = string.Join(',', Enumerable.Range(0, 20).Select(number => $"\"n{number % 10}\":{number}"));
        var map = Value.FromJson(Bench.Bytes($"{{{many}}}"));
        Assert.Equal(10, map.AsMap().Count);
        Assert.True(map.TryGet("n7", out var last));
        Assert.Equal(17, last.AsInt());
    }

    [Theory]
    [InlineData("1e400")]
    [InlineData("\"\\ud800\"")]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("")]
    [InlineData("[1")]
    [InlineData("1 2")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")]
    public void What_no_value_can_be_is_refused(string json)
        => Assert.ThrowsAny<JsonException>(() => Value.FromJson(Bench.Bytes(json)));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_is_finite(double number) => Assert.Throws<ArgumentOutOfRangeException>(() => Value.Of(number));

    [Fact]
    public void A_value_of_another_kind_is_not_given_out()
    {
        Assert.Throws<InvalidOperationException>(() => Value.Of("1").AsInt());
        Assert.Throws<InvalidOperationException>(() => Value.Of(1.0).AsInt());
        Assert.Throws<InvalidOperationException>(() => Value.Null.AsString());
        Assert.Throws<InvalidOperationException>(() => Value.Of(true).AsList());
        Assert.Throws<InvalidOperationException>(() => Value.Of([]).AsMap());
        Assert.Equal(1.0, Value.Of(1).AsDouble());
        Assert.False(Value.Of("a").TryGet("a", out _));
    }

    [Fact]
    public void Lists_and_maps_keep_what_they_got_when_their_source_changes()
    {
        var items = new List<Value> { Value.Of(1) };
        var members = new Dictionary<string, Value> { ["a"] = Value.Of(1) };
        var (list, map) = (Value.Of(items), Value.Of(members));
        items.Add(Value.Null);
        members.Clear();

        Assert.Equal("[1]", Bench.Json(list));
        Assert.Equal("{\"a\":1}", Bench.Json(map));
    }

    [Theory]
    [InlineData("[1,\"a\",{\"b\":null}]", 40, "[1, \"a\", {\"b\": null}]")]
    [InlineData("\"a long text\"", 7, "\"a lon…")]
    [InlineData("[1,2,3,4,5]", 6, "[1, 2…")]
    [InlineData("\"\u00e9\"", 10, "\"é\"")]
    public void A_value_is_shown_cut_to_what_a_message_can_hold(string json, int length, string shown)
        => Assert.Equal(shown, Value.FromJson(Bench.Bytes(json)).Show(length));

    [Fact]
    public void A_large_value_is_shown_as_short_as_a_small_one()
    {
        var large = Value.Of([.. Enumerable.Repeat(Value.Of(new string('x', 100_000)), 1000)]);

        Assert.Equal(50, large.Show(50).Length);
    }
}
