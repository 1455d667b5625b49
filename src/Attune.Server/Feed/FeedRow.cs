namespace Attune.Server.Feed;

/// <summary>What one statement changed: one activity on at most 1000 things.</summary>
public sealed record FeedRow
{
    public required long Position { get; init; }
    public required string EntityType { get; init; }
    public required string Activity { get; init; }
    public string? Status { get; init; }

    /// <summary>Empty in a row that somebody else wrote into the table.</summary>
    public required long[] Ids { get; init; }

    /// <summary>As many as ids, or one for all of them.</summary>
    public required string[] Refs { get; init; }
    public required DateTimeOffset Created { get; init; }

    public string RefOf(int index) => Refs.Length == 1 ? Refs[0] : Refs[index];
}
