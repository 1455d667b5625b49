namespace Attune.Server.Rules;

/// <summary>A rule as it is stored; the JSON columns may have been written before a check knew better.</summary>
sealed record RuleRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required string TriggerRef { get; init; }
    public required string TriggerParams { get; init; }
    public required string Conditions { get; init; }
    public required string ActionRef { get; init; }
    public required string ActionParams { get; init; }
    public required bool Enabled { get; init; }
    public required bool IsAdhoc { get; init; }
    public required string[] Tags { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The configuration of its pack, with secrets in clear: for expressions only.</summary>
    public required string PackConfig { get; init; }
    public required string PackConfSchema { get; init; }

    /// <summary>Differs after any change of the rule or its pack.</summary>
    public required string Version { get; init; }
}

/// <summary>What can be written of a rule. JSON where the columns are.</summary>
sealed record RuleText
{
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required string TriggerRef { get; init; }
    public required string TriggerParams { get; init; }
    public required string Conditions { get; init; }
    public required string ActionRef { get; init; }
    public required string ActionParams { get; init; }
    public required bool Enabled { get; init; }
    public required string[] Tags { get; init; }
}
