namespace Attune.Server.Runtimes;

sealed record RuntimeRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public string? PackRef { get; init; }
    public required string Name { get; init; }
    public string? Description { get; init; }
    public required string[] Aliases { get; init; }

    /// <summary>JSON, as its file has it.</summary>
    public required string Distributions { get; init; }

    /// <summary>JSON, as its file has it.</summary>
    public required string ExecutionConfig { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }

    /// <summary>`name version` of each connected agent that has it.</summary>
    public required string[] AvailableOn { get; init; }
}
