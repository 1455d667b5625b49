namespace Attune.Benchmarks.Harness;

/// <summary>What a benchmark has started; the newest is stopped first.</summary>
sealed class Lifetime : IAsyncDisposable
{
    readonly Stack<IAsyncDisposable> owned = new();

    public T Owns<T>(T started) where T : IAsyncDisposable
    {
        owned.Push(started);
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        while (owned.TryPop(out var each))
            await each.DisposeAsync();
    }
}
