using Attune.Engine.Retries;

namespace Attune.Engine.Tests.Retries;

public sealed class RetryPolicyTests
{
    static readonly RetryPolicy Policy = new()
    {
        MaxAttempts = 5,
        Delay = TimeSpan.FromSeconds(2),
        Backoff = Backoff.Exponential,
        MaxDelay = TimeSpan.FromSeconds(10),
        OnFailed = true,
        OnTimeout = true,
        OnLost = false,
    };

    [Theory]
    [InlineData(Backoff.Constant, 2, 2, 2, 2)]
    [InlineData(Backoff.Linear, 2, 4, 6, 8)]
    [InlineData(Backoff.Exponential, 2, 4, 8, 10)]
    public void The_delay_grows_as_the_backoff_says_up_to_its_limit(Backoff backoff, params int[] seconds)
        => Assert.Equal(
            seconds.Select(second => (TimeSpan?)TimeSpan.FromSeconds(second)),
            Enumerable.Range(1, 4).Select(attempt => (Policy with { Backoff = backoff }).DelayAfter(attempt, AttemptEnd.Failed)));

    [Fact]
    public void The_last_attempt_is_the_last() => Assert.Null(Policy.DelayAfter(5, AttemptEnd.Failed));

    [Fact]
    public void Only_what_the_policy_names_is_tried_again()
    {
        Assert.NotNull(Policy.DelayAfter(1, AttemptEnd.Timeout));
        Assert.Null(Policy.DelayAfter(1, AttemptEnd.Lost));
        Assert.Null(Policy.DelayAfter(1, AttemptEnd.Cancelled));
        Assert.Null(Policy.DelayAfter(1, AttemptEnd.Completed));
        Assert.Null(RetryPolicy.Never.DelayAfter(1, AttemptEnd.Failed));
    }

    [Fact]
    public void No_attempt_number_overflows_the_delay()
    {
        var endless = Policy with { MaxAttempts = int.MaxValue, MaxDelay = TimeSpan.Zero };
        Assert.Equal(TimeSpan.FromDays(7), endless.DelayAfter(1_000_000, AttemptEnd.Failed));
    }
}
