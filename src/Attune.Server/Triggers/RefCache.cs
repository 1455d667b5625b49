using System.Collections.Concurrent;

namespace Attune.Server.Triggers;

/// <summary>
/// Things by ref, in memory. A burst that asks for one that is not there yet is one load. <see cref="Forget"/> drops everything, and a
/// load that was under way at that moment is answered but not kept, so nothing outlives the change that it missed.
/// </summary>
/// <param name="load">Null where there is no such thing; that is not kept, for anyone could fill the memory with unknown refs.</param>
sealed class RefCache<T>(Func<string, CancellationToken, Task<T?>> load)
    where T : class
{
    volatile Generation current = new();

    public ValueTask<T?> FindAsync(string reference, CancellationToken ct)
    {
        var generation = current;
        return generation.Known.TryGetValue(reference, out var known) ? new(known) : new(LoadAsync(generation, reference, ct));
    }

    public void Forget() => current = new();

    /// <summary>What is known now; what is added to it goes with the next <see cref="Forget"/>, even one that is called before.</summary>
    public Generation Present => current;

    Task<T?> LoadAsync(Generation generation, string reference, CancellationToken ct)
        => generation.Loading.GetOrAdd(reference, _ => new(() => LoadOnceAsync(generation, reference))).Value.WaitAsync(ct);

    async Task<T?> LoadOnceAsync(Generation generation, string reference)
    {
        try
        {
            var loaded = await load(reference, CancellationToken.None);
            if (loaded is not null)
                generation.Known[reference] = loaded;
            return loaded;
        }
        finally
        {
            generation.Loading.TryRemove(reference, out _);
        }
    }

    internal sealed class Generation
    {
        internal ConcurrentDictionary<string, T> Known { get; } = new();

        internal ConcurrentDictionary<string, Lazy<Task<T?>>> Loading { get; } = new();

        public bool Holds(string reference) => Known.ContainsKey(reference);

        public void Add(string reference, T thing) => Known[reference] = thing;
    }
}
