using System.Text;
using Attune.Agent.Sensors;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

public sealed class LogLinesTests
{
    readonly LogLines lines = new(TimeProvider.System, () => { });

    IReadOnlyList<string> Take()
    {
        var log = new SensorLog();
        lines.MoveTo(log, 1 << 20);
        return [.. log.Lines.Select(each => each.Text)];
    }

    [Fact]
    public void When_more_comes_than_can_be_sent_the_oldest_goes_and_a_line_says_how_much()
    {
        for (var number = 1; number <= 5000; number++)
            lines.Add($"line {number}");
        var taken = Take();

        Assert.Equal("[4000 lines are missing here: they came faster than they could be sent]", taken[0]);
        Assert.Equal(Enumerable.Range(4001, 1000).Select(number => $"line {number}"), taken.Skip(1));
        lines.Add("next");
        Assert.Equal(["next"], Take());
    }

    [Fact]
    public void Few_but_long_lines_are_bounded_too()
    {
        for (var number = 1; number <= 100; number++)
            lines.Add(new('x', 8000));

        Assert.InRange(Take().Sum(each => each.Length), 200 << 10, 260 << 10);
    }

    [Fact]
    public void A_long_line_is_cut_at_8_KiB_of_whole_characters_and_says_so()
    {
        lines.Add(new('€', 5000));

        var line = Take().Single();
        Assert.InRange(Encoding.UTF8.GetByteCount(line), 8180, 8192);
        Assert.EndsWith("€ [cut]", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', line);
    }

    [Fact]
    public void A_line_holds_neither_NUL_nor_line_ends()
    {
        lines.Add("a\0b\rc\r");

        Assert.Equal("a\uFFFDb c", Take().Single());
    }
}
