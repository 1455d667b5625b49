using Attune.Engine.Versions;

namespace Attune.Engine.Tests.Versions;

public sealed class VersionRangeTests
{
    [Theory]
    [InlineData(">=3.9", "3.9.0 3.11.2 4.0.0", "3.8.19 3.9.0-rc.1")]
    [InlineData(">=1.0 <2", "1.0.0 1.99.0", "0.9.0 2.0.0 2.0.0-rc.1")]
    [InlineData(">=1.0, <2", "1.0.0 1.99.0", "0.9.0 2.0.0")]
    [InlineData("> 1.2", "1.3.0 2.0.0", "1.2.0 1.2.9")]
    [InlineData(">1.2.3", "1.2.4", "1.2.3")]
    [InlineData("<=1.2", "1.2.9 0.1.0", "1.3.0")]
    [InlineData("<=1.2.3", "1.2.3", "1.2.4")]
    [InlineData("^1.2", "1.2.0 1.9.0", "1.1.9 2.0.0")]
    [InlineData("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2")]
    [InlineData("^0.0.3", "0.0.3", "0.0.4")]
    [InlineData("^0", "0.0.1 0.9.0", "1.0.0")]
    [InlineData("^0.0", "0.0.9", "0.1.0")]
    [InlineData("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.0")]
    [InlineData("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0")]
    [InlineData("~1", "1.9.0", "2.0.0")]
    [InlineData("1.x", "1.0.0 1.9.9", "2.0.0 0.9.0")]
    [InlineData("1.2.*", "1.2.7", "1.3.0")]
    [InlineData("1", "1.7.0", "2.0.0")]
    [InlineData("1.2.3", "1.2.3", "1.2.4")]
    [InlineData("=1.2.3", "1.2.3", "1.2.2")]
    [InlineData("*", "0.0.0 9.9.9", "1.0.0-rc.1")]
    [InlineData("!=1.2.3", "1.2.4", "1.2.3")]
    [InlineData(">=1 !=1.2", "1.1.9 1.3.0", "1.2.0 1.2.5")]
    [InlineData("^1.2 || ^3", "1.2.0 3.4.0", "2.0.0 4.0.0")]
    [InlineData(">=1.0.0-rc.1", "1.0.0-rc.1 1.0.0-rc.2 1.0.0 1.1.0", "1.0.0-beta 1.1.0-rc.1")]
    public void A_range_holds_what_it_says(string text, string inside, string outside)
    {
        Assert.True(VersionRange.TryParse(text, out var range, out var problem), problem);
        Assert.All(inside.Split(' '), version => Assert.True(range.Contains(Parse(version)), $"{version} in {text}"));
        Assert.All(outside.Split(' '), version => Assert.False(range.Contains(Parse(version)), $"{version} not in {text}"));
        Assert.Equal(text, range.ToString());
    }

    [Theory]
    [InlineData("", "missing")]
    [InlineData("1.0 ||", "beside")]
    [InlineData("|| ||", "beside")]
    [InlineData(">=", "no version bound")]
    [InlineData(">=1.0 and <2", "'and <2' is no version bound")]
    [InlineData("latest", "'latest' is no version bound")]
    [InlineData("1.2.3.4", "no version bound")]
    [InlineData(">x", "needs a number")]
    [InlineData("^*", "needs a number")]
    [InlineData("1.x.3", "after an `x`")]
    [InlineData("1.2-rc.1", "without all three")]
    [InlineData(">=99999999999999999999", "too great")]
    public void A_wrong_range_says_what_is_wrong(string text, string expected)
    {
        Assert.False(VersionRange.TryParse(text, out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_has_a_limit()
        => Assert.False(VersionRange.TryParse(string.Join("||", Enumerable.Repeat("1.2.3", 100)), out _, out _));

    static SemVersion Parse(string text) => SemVersion.TryParse(text, out var version) ? version : throw new ArgumentException(text);
}
