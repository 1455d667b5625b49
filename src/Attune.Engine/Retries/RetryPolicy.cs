namespace Attune.Engine.Retries;

public enum Backoff
{
    Constant,
    Linear,
    Exponential,
}

/// <summary>How an attempt ended, as far as another one is concerned.</summary>
public enum AttemptEnd
{
    Completed,
    Failed,
    Timeout,
    Cancelled,
    Lost,
}

/// <summary>When a failed attempt is followed by another, and after how long.</summary>
public sealed record RetryPolicy
{
    /// <summary>At least 1; 1 means never again.</summary>
    public required int MaxAttempts { get; init; }
    public required TimeSpan Delay { get; init; }
    public required Backoff Backoff { get; init; }
    public required TimeSpan MaxDelay { get; init; }
    public required bool OnFailed { get; init; }
    public required bool OnTimeout { get; init; }
    public required bool OnLost { get; init; }

    public static RetryPolicy Never { get; } = new()
    {
        MaxAttempts = 1,
        Delay = TimeSpan.Zero,
        Backoff = Backoff.Constant,
        MaxDelay = TimeSpan.Zero,
        OnFailed = false,
        OnTimeout = false,
        OnLost = false,
    };

    /// <summary>Null means give up. <paramref name="attempt"/> counts from 1.</summary>
    public TimeSpan? DelayAfter(int attempt, AttemptEnd end)
    {
        var wanted = end switch
        {
            AttemptEnd.Failed => OnFailed,
            AttemptEnd.Timeout => OnTimeout,
            AttemptEnd.Lost => OnLost,
            _ => false,
        };
        if (!wanted || attempt >= MaxAttempts)
            return null;

        var factor = Backoff switch
        {
            Backoff.Linear => attempt,
            Backoff.Exponential => Math.Pow(2, Math.Min(attempt - 1, 62)),
            _ => 1,
        };
        var seconds = Delay.TotalSeconds * factor;
        if (MaxDelay > TimeSpan.Zero)
            seconds = Math.Min(seconds, MaxDelay.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(7).TotalSeconds));
    }
}
