using Attune.Engine.Versions;

namespace Attune.Engine.Tests.Versions;

public sealed class SemVersionTests
{
    [Fact]
    public void Precedence_is_that_of_semver_2()
    {
        // The example of semver.org, 11, with numbers and build metadata added.
        string[] ascending =
        [
            "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
            "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-99999999999999999999", "2.0.0-199999999999999999999", "2.0.0",
        ];

        for (var left = 0; left < ascending.Length; left++)
        {
            for (var right = 0; right < ascending.Length; right++)
                Assert.Equal(left.CompareTo(right), Math.Sign(Parse(ascending[left]).CompareTo(Parse(ascending[right]))));
        }
    }

    [Fact]
    public void Build_metadata_does_not_count()
    {
        Assert.Equal(Parse("1.0.0+a"), Parse("1.0.0+b"));
        Assert.Equal("1.0.0-rc.1+a.7", Parse("1.0.0-rc.1+a.7").ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2")]
    [InlineData("v1.2.3")]
    [InlineData("01.2.3")]
    [InlineData("1.2.3-01")]
    [InlineData("1.2.3-")]
    [InlineData("1.2.3\n")]
    [InlineData("1.2.99999999999999999999")]
    public void What_semver_does_not_allow_is_refused(string text) => Assert.False(SemVersion.TryParse(text, out _));

    [Theory]
    [InlineData("3.11.2", "3.11.2")]
    [InlineData("v20.11", "20.11.0")]
    [InlineData("5", "5.0.0")]
    [InlineData("1.2.3.4", "1.2.3")]
    [InlineData("5.2.15(1)-release", "5.2.15")]
    [InlineData("3.13.0rc1", "3.13.0-rc1")]
    [InlineData("3.9.2+", "3.9.2")]
    [InlineData(" 08.01 \n", "8.1.0")]
    public void What_interpreters_print_is_read(string printed, string meaning)
    {
        Assert.True(SemVersion.TryParseLenient(printed, out var version));
        Assert.Equal(meaning, version.ToString());
    }

    [Fact]
    public void What_holds_no_number_is_no_version() => Assert.False(SemVersion.TryParseLenient("unknown", out _));

    static SemVersion Parse(string text) => SemVersion.TryParse(text, out var version) ? version : throw new ArgumentException(text);
}
