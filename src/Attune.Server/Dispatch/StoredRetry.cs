using System.Text.Json;
using Attune.Engine.Retries;

namespace Attune.Server.Dispatch;

/// <summary>A retry policy as the columns `action.retry` and `execution.retry` hold it, spelled as in the pack format.</summary>
static class StoredRetry
{
    /// <summary>Null means never retried.</summary>
    public static RetryPolicy Parse(string? json)
    {
        if (json is null)
            return RetryPolicy.Never;

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        var on = root.TryGetProperty("on", out var ends)
            ? ends.EnumerateArray().Select(end => end.GetString()).ToHashSet()
            : ["failed", "timeout", "lost"];
        return new()
        {
            MaxAttempts = root.TryGetProperty("max_attempts", out var attempts) ? attempts.GetInt32() : 1,
            Delay = Seconds(root, "delay_seconds"),
            MaxDelay = Seconds(root, "max_delay_seconds"),
            Backoff = root.TryGetProperty("backoff", out var backoff)
                ? Enum.Parse<Backoff>(backoff.GetString() ?? "constant", ignoreCase: true)
                : Backoff.Constant,
            OnFailed = on.Contains("failed"),
            OnTimeout = on.Contains("timeout"),
            OnLost = on.Contains("lost"),
        };
    }

    static TimeSpan Seconds(JsonElement root, string name)
        => root.TryGetProperty(name, out var seconds) ? TimeSpan.FromSeconds(seconds.GetDouble()) : TimeSpan.Zero;
}
