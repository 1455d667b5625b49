using System.Collections.Concurrent;
using Attune.Engine.Schemas;
using Attune.Packs;
using Attune.Server.Packs;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Actions;

/// <summary>
/// Actions by ref, in memory: a known one costs a dictionary look-up. <see cref="Forget"/> drops everything, and a look-up that was under
/// way at that moment is answered but not kept, so nothing outlives the change that it missed.
/// </summary>
sealed class ActionCatalog(ActionStore store, ReleaseStore releases)
{
    const int OlderReleasesMax = 32;

    volatile Generation current = new();

    /// <summary>Null where there is no such action. Disabled ones are answered too.</summary>
    public ValueTask<ActionDefinition?> FindAsync(string actionRef, CancellationToken ct)
    {
        var generation = current;
        return generation.Known.TryGetValue(actionRef, out var known) ? new(known) : new(LoadAsync(generation, actionRef, ct));
    }

    /// <param name="connection">
    /// In its transaction: whoever holds locks must not wait for another connection, which who waits for them may have.
    /// </param>
    /// <param name="actionRefs">Those that are not there are not answered.</param>
    /// <param name="ct">Ends the wait.</param>
    public async ValueTask<IReadOnlyDictionary<string, ActionDefinition>> FindManyAsync(
        NpgsqlConnection connection, IReadOnlyCollection<string> actionRefs, CancellationToken ct)
    {
        var generation = current;
        var found = new Dictionary<string, ActionDefinition>(actionRefs.Count);
        foreach (var actionRef in actionRefs)
        {
            if (generation.Known.TryGetValue(actionRef, out var known))
                found[actionRef] = known;
        }

        if (actionRefs.Where(actionRef => !found.ContainsKey(actionRef)).ToArray() is not { Length: > 0 } unknown)
            return found;
        foreach (var row in await ActionStore.FindManyAsync(connection, unknown, ct))
            found[row.Ref] = generation.Known[row.Ref] = row.ToDefinition();
        return found;
    }

    /// <summary>
    /// What an agent is told of an action of a given release, which need not be the current one; null where the release or the action in
    /// it is unknown.
    /// </summary>
    public async ValueTask<ActionSpec?> SpecForAsync(string actionRef, string releaseDigest, CancellationToken ct)
    {
        if (await FindAsync(actionRef, ct) is { } action && action.ReleaseDigest == releaseDigest)
            return action.Spec;

        var generation = current;
        if (generation.Older.TryGetValue((actionRef, releaseDigest), out var known))
            return known;
        if (await ReleaseAsync(generation, releaseDigest, ct) is not { } release
            || release.Actions.FirstOrDefault(file => file.Ref == actionRef) is not { } file)
        {
            return null;
        }

        var runtime = file.Runtime is null ? null : await store.FindRuntimeConfigAsync(file.Runtime, ct);
        return generation.Older[(actionRef, releaseDigest)] = file.ToSpec(release.Manifest, releaseDigest, runtime);
    }

    /// <summary>The action that a misspelled ref was probably meant to be.</summary>
    public async ValueTask<string?> NearestAsync(string actionRef, CancellationToken ct)
        => actionRef.Length > PackNames.MaxLength ? null : NearestName.Find(actionRef, await store.ListRefsAsync(ct));

    /// <summary>After any change of actions, packs or runtimes.</summary>
    public void Forget() => current = new();

    async Task<ActionDefinition?> LoadAsync(Generation generation, string actionRef, CancellationToken ct)
    {
        // A flood of starts of one action that is not known yet is one query. Unknown refs are not kept: anyone could fill the memory.
        var load = generation.Loading.GetOrAdd(actionRef, _ => new(() => LoadOnceAsync(generation, actionRef)));
        return await load.Value.WaitAsync(ct);
    }

    async Task<ActionDefinition?> LoadOnceAsync(Generation generation, string actionRef)
    {
        try
        {
            var action = (await store.FindAsync(actionRef, CancellationToken.None))?.ToDefinition();
            if (action is not null)
                generation.Known[actionRef] = action;
            return action;
        }
        finally
        {
            generation.Loading.TryRemove(actionRef, out _);
        }
    }

    async Task<PackContent?> ReleaseAsync(Generation generation, string digest, CancellationToken ct)
    {
        if (generation.Releases.TryGetValue(digest, out var known))
            return known;

        var content = await releases.ReadContentAsync(digest, ct);
        if (content is null)
            return null;
        if (generation.Releases.Count >= OlderReleasesMax)
            generation.Releases.Clear();
        return generation.Releases[digest] = content;
    }

    sealed class Generation
    {
        public ConcurrentDictionary<string, ActionDefinition> Known { get; } = new();
        public ConcurrentDictionary<string, Lazy<Task<ActionDefinition?>>> Loading { get; } = new();
        public ConcurrentDictionary<(string ActionRef, string Digest), ActionSpec> Older { get; } = new();
        public ConcurrentDictionary<string, PackContent> Releases { get; } = new();
    }
}
