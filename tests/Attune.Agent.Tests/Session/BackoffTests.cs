using Attune.Agent.Session;

namespace Attune.Agent.Tests.Session;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(1, 0.5, 0.1)]
    [InlineData(2, 0.5, 0.2)]
    [InlineData(5, 0.5, 1.6)]
    [InlineData(9, 0.5, 15)]
    [InlineData(1_000_000, 0.5, 15)]
    [InlineData(0, 0.5, 0.1)]
    public void The_ceiling_doubles_up_to_half_a_minute_and_jitter_takes_any_part_of_it(int attempt, double jitter, double seconds)
        => Assert.Equal(seconds, Backoff.DelayBefore(attempt, jitter, Backoff.Longest).TotalSeconds, 3);

    [Theory]
    [InlineData(6, 1.5)]
    [InlineData(60, 15)]
    [InlineData(3600, 30)]
    [InlineData(0, 30)]
    public void The_longest_wait_leaves_room_for_several_tries_within_a_lease(double lease, double seconds)
    {
        var longest = Backoff.LongestWithin(TimeSpan.FromSeconds(lease));

        Assert.Equal(seconds, longest.TotalSeconds);
        Assert.Equal(seconds, Backoff.DelayBefore(1_000_000, 1, longest).TotalSeconds);
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(0.5, 10)]
    [InlineData(1, 11)]
    public void A_heartbeat_is_within_a_tenth_of_its_interval(double jitter, double seconds)
        => Assert.Equal(seconds, Backoff.Jittered(TimeSpan.FromSeconds(10), jitter).TotalSeconds, 3);
}
