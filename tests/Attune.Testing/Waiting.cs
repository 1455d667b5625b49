namespace Attune.Testing;

/// <summary>Waiting for what another process or loop will do, with a deadline and never a guess of how long it takes.</summary>
public static class Waiting
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(10);

    /// <summary>Cancelled when a test has waited so long that something is wrong.</summary>
    public static CancellationToken SoonEnough => new CancellationTokenSource(Deadline).Token;

    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">What is awaited, for the message of a test that waits in vain.</param>
    /// <param name="ct">Ends the waiting early.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Deadline);
        try
        {
            while (!await condition())
                await Task.Delay(LookAgainAfter, TimeProvider.System, deadline.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"Waited {Deadline} in vain for: {what}");
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what, CancellationToken ct)
        => UntilAsync(() => Task.FromResult(condition()), what, ct);
}
