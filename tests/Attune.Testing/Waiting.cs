namespace Attune.Testing;

/// <summary>Waiting for what another process or loop will do, with a deadline and never a guess of how long it takes.</summary>
public static class Waiting
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(10);

    /// <summary>Cancelled when a test has waited so long that something is wrong.</summary>
    public static CancellationToken SoonEnough => new CancellationTokenSource(Deadline).Token;

    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">What is awaited, asked for when a test has waited in vain.</param>
    /// <param name="ct">Ends the waiting early.</param>
    /// <exception cref="TimeoutException">It did not come true in time.</exception>
    public static Task UntilAsync(Func<Task<bool>> condition, Func<string> what, CancellationToken ct)
        => UntilAsync(condition, what, Deadline, LookAgainAfter, ct);

    /// <param name="within">For what takes longer than anything else.</param>
    /// <param name="lookAgainAfter">For what it is dear to look at.</param>
    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, Func{string}, CancellationToken)"/>
    public static async Task UntilAsync(
        Func<Task<bool>> condition, Func<string> what, TimeSpan within, TimeSpan lookAgainAfter, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(within);
        try
        {
            while (!await condition())
                await Task.Delay(lookAgainAfter, TimeProvider.System, deadline.Token);
        }
        catch (Exception exception) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"Waited in vain for: {what()}", exception);
        }
    }

    public static Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken ct)
        => UntilAsync(condition, () => what, ct);

    public static Task UntilAsync(Func<bool> condition, string what, CancellationToken ct)
        => UntilAsync(() => Task.FromResult(condition()), what, ct);

    /// <returns>The first of what is asked for that fits.</returns>
    public static async Task<T> ForAsync<T>(Func<Task<T>> ask, Func<T, bool> fits, string what, CancellationToken ct)
    {
        var last = await ask();
        await UntilAsync(async () => fits(last) || fits(last = await ask()), () => $"{what}; the last was {last}", ct);
        return last;
    }
}
