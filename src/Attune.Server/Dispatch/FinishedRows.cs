using System.Text;
using Attune.Engine.Retries;
using Attune.V1;

namespace Attune.Server.Dispatch;

/// <summary>From an agent's report to a row: the final status, or another attempt where the action's policy and contract allow it.</summary>
static class FinishedRows
{
    public static FinishedRow From(Finished finished, Outstanding? known, DateTimeOffset now)
    {
        var end = EndOf(finished.Outcome);
        return new(
            finished.ExecutionId,
            finished.Attempt,
            StatusOf(end),
            finished.Result.IsEmpty ? null : WithoutNul(finished.Result.ToStringUtf8()),
            finished.Error is null ? null : ErrorJson.Write(finished.Error),
            finished.StartedAt?.ToDateTimeOffset(),
            finished.FinishedAt?.ToDateTimeOffset() ?? now,
            known is { } held ? RetryAfter(held, finished.Attempt, end) : null);
    }

    /// <summary>
    /// A lost attempt of an at-least-once action is always followed by another; of an at-most-once action never, whatever its retry
    /// policy says.
    /// </summary>
    internal static TimeSpan? RetryAfter(Outstanding held, int attempt, AttemptEnd end)
    {
        var policy = held.Retry with { MaxAttempts = Math.Max(held.MaxAttempts, held.Retry.MaxAttempts) };
        if (end is not AttemptEnd.Lost)
            return policy.DelayAfter(attempt, end);
        return held.AtLeastOnce ? policy.DelayAfter(attempt, end) ?? TimeSpan.Zero : null;
    }

    static AttemptEnd EndOf(Outcome outcome) => outcome switch
    {
        Outcome.Completed => AttemptEnd.Completed,
        Outcome.Timeout => AttemptEnd.Timeout,
        Outcome.Cancelled => AttemptEnd.Cancelled,
        Outcome.Lost => AttemptEnd.Lost,
        _ => AttemptEnd.Failed,
    };

    static string StatusOf(AttemptEnd end) => end switch
    {
        AttemptEnd.Completed => "completed",
        AttemptEnd.Timeout => "timeout",
        AttemptEnd.Cancelled => "cancelled",
        AttemptEnd.Lost => "abandoned",
        _ => "failed",
    };

    // jsonb stores no NUL; an agent removes it, and a foreign one must not be able to poison a batch.
    static string WithoutNul(string json)
        => json.Contains("\\u0000", StringComparison.Ordinal)
            ? new StringBuilder(json).Replace("\\u0000", "\\uFFFD").ToString()
            : json;
}
