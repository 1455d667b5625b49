using Attune.Server.Executions;
using Attune.Server.Rules;
using Attune.Server.Triggers;

namespace Attune.Server.Events;

/// <summary>An event with what the rules made of it, not yet stored.</summary>
sealed record PreparedEvent
{
    public required NewEvent Happened { get; init; }
    internal required TriggerDefinition Trigger { get; init; }

    /// <summary>Set where the event is meant for one rule alone.</summary>
    internal CompiledRule? OnlyRule { get; init; }

    /// <summary>As it is stored: valid, defaults applied, secrets sealed.</summary>
    internal required string Payload { get; init; }

    /// <summary>What `event.created` was to the rules; whole microseconds, as the database keeps it.</summary>
    internal required DateTimeOffset Created { get; init; }
    internal required IReadOnlyList<PreparedEnforcement> Enforcements { get; init; }

    /// <summary>JSON `[{rule_ref, why}]`; null where there is none.</summary>
    internal string? Unmatched { get; init; }
    internal int UnmatchedCount { get; init; }

    /// <summary>Characters that storing it writes, nearly.</summary>
    internal long Length
        => Payload.Length * (1L + Enforcements.Count) + Enforcements.Sum(each => 2L * (each.Config?.Length ?? 0) + each.Rule.ConditionsJson.Length);
}

/// <summary>That a rule applies to an event: it starts the execution, or says why not, or was disabled.</summary>
sealed record PreparedEnforcement
{
    public required CompiledRule Rule { get; init; }
    public NewExecution? Execution { get; init; }
    public RuleError? Error { get; init; }

    /// <summary>Rendered parameters as they are stored.</summary>
    public string? Config { get; init; }

    public string Status => Rule.Enabled ? "processed" : "disabled";
}
