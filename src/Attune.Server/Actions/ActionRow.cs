namespace Attune.Server.Actions;

/// <summary>An action with what it takes from its pack and its runtime. The JSON columns were checked when they were written.</summary>
sealed record ActionRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string PackVersion { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }
    public required bool IsAdhoc { get; init; }
    public required bool IsWorkflow { get; init; }
    public string? RuntimeRef { get; init; }
    public string? RuntimeVersion { get; init; }
    public string? ExecutionConfig { get; init; }
    public required string Entrypoint { get; init; }
    public string? ParamSchema { get; init; }
    public string? OutSchema { get; init; }
    public required string ParameterDelivery { get; init; }
    public required string ParameterFormat { get; init; }
    public required string OutputFormat { get; init; }
    public int? TimeoutSeconds { get; init; }
    public string? Retry { get; init; }
    public required string Delivery { get; init; }
    public required string WorkerLabels { get; init; }
    public required string[] PermissionSets { get; init; }
    public required string[] Tags { get; init; }
    public required string ReleaseDigest { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
}
