using Attune.Server.Sensors;

namespace Attune.Server.Tests.Sensors;

public sealed class WaitingLinesTests
{
    readonly WaitingLines lines = new();

    [Fact]
    public void A_chatty_sensor_loses_its_own_lines_only_and_its_log_counts_them_in_their_place()
    {
        Add("edge.chatty", 1, 3_234);
        Add("edge.calm", 1, 3);

        var first = lines.Take(500);
        Assert.Equal(["line 1", "line 2", "line 3"], Of(first, "edge.calm"));
        var chatty = Of(first, "edge.chatty");
        Add("edge.chatty", 4_000, 4_000);
        while (lines.Take(500) is { Count: > 0 } next)
            chatty.AddRange(Of(next, "edge.chatty"));

        Assert.Equal(
            [
                .. Numbered(1, WaitingLines.LinesPerSensor),
                "attune: … 1,234 lines left out: they came faster than the database takes them",
                "line 4000",
            ],
            chatty);
    }

    [Fact]
    public void A_gap_at_the_end_is_counted_although_nothing_follows()
    {
        Add("edge.chatty", 1, 2_001);

        var all = new List<string>();
        while (lines.Take(700) is { Count: > 0 } next)
            all.AddRange(Of(next, "edge.chatty"));

        Assert.Equal([.. Numbered(1, 2_000), "attune: … 1 lines left out: they came faster than the database takes them"], all);
        Add("edge.chatty", 1, 1);
        Assert.Equal(["line 1"], Of(lines.Take(700), "edge.chatty"));
    }

    [Fact]
    public void Another_agent_cannot_use_up_the_share_of_a_sensor_by_its_name()
    {
        Add("edge.watch", 1, 5_000, worker: 2);
        Add("edge.watch", 1, 2, worker: 1);

        Assert.Equal(["line 1", "line 2"], lines.Take(100).Where(row => row.Worker == 1).Select(row => row.Text));
    }

    [Fact]
    public void Many_chatty_sensors_are_bounded_together_and_each_has_its_turn()
    {
        for (var number = 1; number <= 1_000; number++)
            Add($"edge.sensor_{number}", 1, 2_000);

        Assert.Equal(1_000, lines.Take(3_000).Select(row => row.SensorRef).Distinct().Count());
        var rest = 0;
        while (lines.Take(2_000) is { Count: > 0 } next)
            rest += next.Count;
        Assert.InRange(rest, 10_000, 20_000);
    }

    void Add(string sensor, int first, int last, long worker = 1)
    {
        for (var number = first; number <= last; number++)
            lines.TryAdd(new(sensor, worker, "one", DateTimeOffset.UnixEpoch, $"line {number}"));
    }

    static List<string> Of(IEnumerable<SensorLogRow> rows, string sensor) => [.. rows.Where(row => row.SensorRef == sensor).Select(row => row.Text)];

    static IEnumerable<string> Numbered(int first, int count) => Enumerable.Range(first, count).Select(number => $"line {number}");
}
