using System.Collections.Frozen;
using Attune.Server.Keys;

namespace Attune.Server.Webhooks;

/// <summary>
/// All webhooks by key, in memory. All, so that a key that is not among them is known to be unknown: a flood of guesses costs the database
/// nothing. <see cref="Forget"/> makes the next request read them again.
/// </summary>
sealed partial class WebhookCatalog(WebhookStore store, SecretBox box, ILogger<WebhookCatalog> logger)
{
    Lazy<Task<FrozenDictionary<string, Webhook>>>? current;
    FrozenDictionary<string, Webhook> last = FrozenDictionary<string, Webhook>.Empty;

    /// <summary>Null where no trigger has this key. Closed ones are answered too.</summary>
    public async ValueTask<Webhook?> FindAsync(string key, CancellationToken ct)
    {
        var load = Volatile.Read(ref current) ?? Begin();
        try
        {
            return (await load.Value.WaitAsync(ct)).GetValueOrDefault(key);
        }
        catch when (load.Value.IsFaulted)
        {
            // A failed look must not be the answer for ever.
            Interlocked.CompareExchange(ref current, null, load);
            throw;
        }
    }

    /// <summary>After any change of triggers or keys.</summary>
    public void Forget() => Volatile.Write(ref current, null);

    Lazy<Task<FrozenDictionary<string, Webhook>>> Begin()
    {
        var load = new Lazy<Task<FrozenDictionary<string, Webhook>>>(LoadAsync);
        return Interlocked.CompareExchange(ref current, load, null) ?? load;
    }

    async Task<FrozenDictionary<string, Webhook>> LoadAsync()
    {
        var rows = await store.ListAsync(CancellationToken.None);
        var before = last;
        var loaded = rows.ToFrozenDictionary(
            row => row.Key, row => Webhook.Create(row, box, before.GetValueOrDefault(row.Key)?.Accepted ?? new()));
        foreach (var (key, webhook) in loaded)
        {
            if (webhook is { IsOpen: true, Problem: { } problem } && before.GetValueOrDefault(key)?.Problem != problem)
                LogRefusesAll(webhook.TriggerRef, problem);
        }

        return last = loaded;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The webhook of {Trigger} refuses everything: {Problem}")]
    partial void LogRefusesAll(string trigger, string problem);
}
