using Attune.Server.Packs;

namespace Attune.Server.Tests.Packs;

public sealed class PackConfigTests
{
    [Theory]
    [InlineData(null, null, """{"a":1}""", """{"a":1}""")]
    [InlineData("""{"a": 1}""", """{"a":1}""", """{"a":2}""", """{"a":2}""")]
    [InlineData("""{"a": 9}""", """{"a":1}""", """{"a":2}""", """{"a":9}""")]
    [InlineData("""{"a": 1, "mine": [1]}""", """{"a":1}""", """{"b":2}""", """{"b":2,"mine":[1]}""")]
    [InlineData("""{"a": {"x": 1.0}}""", """{"a":{"x":1}}""", """{"a":{"x":2}}""", """{"a":{"x":2}}""")]
    [InlineData("""{"a": null}""", """{"a":1}""", """{"a":2}""", """{"a":null}""")]
    [InlineData("""{"a": 1}""", null, """{"a":2}""", """{"a":1}""")]
    public void New_defaults_come_in_and_what_an_operator_set_stays(string? current, string? oldDefaults, string newDefaults, string expected)
        => Assert.Equal(expected, PackConfig.Upgrade(current, oldDefaults, newDefaults));
}
