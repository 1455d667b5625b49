using System.Text;
using Attune.Agent.Sensors;
using Attune.Testing;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

public sealed class LogLinesTests
{
    readonly ManualClock clock = new();
    readonly LogLines lines;

    public LogLinesTests() => lines = new(clock, () => { });

    IReadOnlyList<string> Take()
    {
        var log = new SensorLog();
        lines.MoveTo(log, 1 << 20);
        return [.. log.Lines.Select(each => each.Text)];
    }

    [Fact]
    public void When_more_comes_than_can_be_sent_the_oldest_goes_and_a_line_says_how_much()
    {
        Say(1, 1000);
        clock.Advance(TimeSpan.FromSeconds(4));
        Say(1001, 1600);
        var taken = Take();

        Assert.Equal("[600 lines are missing here: they came faster than they could be sent]", taken[0]);
        Assert.Equal(Enumerable.Range(601, 1000).Select(number => $"line {number}"), taken.Skip(1));
        lines.Add("next");
        Assert.Equal(["next"], Take());
    }

    [Fact]
    public void A_flood_is_cut_after_its_first_1000_lines_and_the_gap_is_counted_where_it_is()
    {
        Say(1, 2000);
        Assert.Equal(Enumerable.Range(1, 1000).Select(number => $"line {number}"), Take());
        Say(2001, 2234);
        Assert.True(lines.IsEmpty);

        clock.Advance(TimeSpan.FromSeconds(1));
        Say(2235, 3000);
        Assert.Equal(["[1,234 lines left out: a sensor may log 200 lines a second]", .. Enumerable.Range(2235, 200).Select(number => $"line {number}")], Take());
    }

    [Fact]
    public void A_gap_is_told_although_the_sensor_says_nothing_any_more()
    {
        Say(1, 1007);
        Assert.Equal(1000, Take().Count);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.False(lines.IsEmpty);
        Assert.Equal(["[7 lines left out: a sensor may log 200 lines a second]"], Take());
        Assert.True(lines.IsEmpty);
    }

    void Say(int first, int last)
    {
        for (var number = first; number <= last; number++)
            lines.Add($"line {number}");
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
