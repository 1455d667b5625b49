namespace Attune.Server.Triggers;

sealed record TriggerRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }
    public required bool IsAdhoc { get; init; }
    public string? ParamSchema { get; init; }
    public string? OutSchema { get; init; }
    public required string[] Tags { get; init; }
    public required bool WebhookEnabled { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
}
