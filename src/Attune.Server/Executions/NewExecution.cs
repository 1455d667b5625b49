using Attune.Engine.Placement;
using Attune.Server.Actions;

namespace Attune.Server.Executions;

/// <summary>An execution that was asked for, validated and not yet stored.</summary>
sealed record NewExecution
{
    public required ActionDefinition Action { get; init; }
    public required PlacementRequirement Requirement { get; init; }

    /// <summary>Validated, defaults applied, secrets in clear: for the agent only.</summary>
    public required ReadOnlyMemory<byte> Parameters { get; init; }

    /// <summary>The same with secrets sealed: for the database.</summary>
    public required string Config { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required short Priority { get; init; }
    public required IReadOnlyDictionary<string, string> WorkerLabels { get; init; }
    public required IReadOnlyDictionary<string, string> EnvVars { get; init; }
    public long? RerunOf { get; init; }
}

/// <summary>Executions that are stored together or not at all.</summary>
sealed record NewExecutions
{
    /// <summary>0 for nobody.</summary>
    public required long ExecutorId { get; init; }

    /// <summary>Empty: asked once only. Otherwise unique for the caller and the rpc.</summary>
    public required string RequestId { get; init; }
    public required string Rpc { get; init; }
    public required IReadOnlyList<NewExecution> Items { get; init; }
}

/// <summary>What became of <see cref="NewExecutions"/>. <paramref name="Repeated"/>: the ids are an earlier request's.</summary>
sealed record StoredExecutions(IReadOnlyList<long> Ids, bool Repeated)
{
    public bool[] Scheduled { get; init; } = [];

    /// <summary>As the rows have it.</summary>
    public DateTimeOffset Created { get; init; }
}
