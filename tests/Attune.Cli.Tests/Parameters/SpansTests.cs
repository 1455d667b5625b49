using Attune.Cli.Parameters;
using Attune.Testing;

namespace Attune.Cli.Tests.Parameters;

public sealed class SpansTests
{
    [Theory]
    [InlineData("30s", 30)]
    [InlineData("500ms", 0.5)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("7d", 604800)]
    public void A_length_is_a_number_and_its_unit(string text, double seconds)
        => Assert.Equal(TimeSpan.FromSeconds(seconds), Spans.Parse(text, "--timeout"));

    [Theory]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 h")]
    [InlineData("99999999999999d")]
    public void Anything_else_is_refused_with_an_example(string text)
        => Assert.Contains("such as", Assert.Throws<CommandFailure>(() => Spans.Parse(text, "--timeout")).Message);

    [Theory]
    [InlineData("1h", "2026-01-31T11:00:00Z")]
    [InlineData("2026-01-01", "2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T12:00+02:00", "2026-01-01T10:00:00Z")]
    public void Since_is_so_long_ago_or_a_moment(string text, string expected)
    {
        var clock = new ManualClock(new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal(DateTimeOffset.Parse(expected, null), Spans.Since(text, "--since", clock)!.ToDateTimeOffset());
    }
}
