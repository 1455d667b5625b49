using System.Text.Json;
using Attune.Server.Storage;
using Attune.Server.Triggers;
using Npgsql;

namespace Attune.Server.Rules;

/// <summary>
/// Makes the catalogues of triggers and rules forget when another replica changed something: told by NOTIFY, and looking for itself in case
/// one was lost.
/// </summary>
sealed partial class RuleCatalogWatch(
    RuleCatalog rules, TriggerCatalog triggers, RuleStore store, DatabaseListener listener, TimeProvider clock,
    ILogger<RuleCatalogWatch> logger) : BackgroundService
{
    public static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var ofRules = listener.Subscribe("rule_changed", _ => rules.Forget());
        using var ofParts = listener.Subscribe("attune_notifications", payload =>
        {
            if (IsAboutTriggers(payload))
                Forget();
        });

        using var timer = new PeriodicTimer(LookAfter, clock);
        string? seen = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                seen = await LookAsync(seen, stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogLookSkipped(exception);
            }
        }
    }

    internal async Task<string> LookAsync(string? seen, CancellationToken ct)
    {
        var signature = await store.ReadSignatureAsync(ct);
        if (signature != seen)
            Forget();
        return signature;
    }

    internal static bool IsAboutTriggers(string? payload)
    {
        if (payload is null)
            return true;

        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("entity_type", out var type) && type.GetString() is "trigger" or "pack";
    }

    void Forget()
    {
        triggers.Forget();
        rules.Forget();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rules could not be compared with the database; notifications still work and the next look will catch up")]
    partial void LogLookSkipped(Exception exception);
}
