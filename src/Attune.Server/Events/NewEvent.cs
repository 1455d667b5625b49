using Attune.V1;

namespace Attune.Server.Events;

/// <summary>Something that happened, as a source tells it.</summary>
sealed record NewEvent
{
    public required string TriggerRef { get; init; }

    /// <summary>JSON object, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }
    public required EventOrigin Origin { get; init; }

    /// <summary>A sensor's ref, or the login of who emitted it.</summary>
    public string? SourceRef { get; init; }

    /// <summary>`sensor.id` where a sensor is the source.</summary>
    public long? SensorId { get; init; }

    /// <summary>The same key again, for the same trigger, is the same event. Null: always a new one.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Only this rule may match; null: all rules on the trigger.</summary>
    public string? RuleRef { get; init; }
    public long? ReplayOf { get; init; }

    /// <summary>Parts of the payload that were sealed before; the trigger must still call each of them secret.</summary>
    public IReadOnlyList<string> SealedPaths { get; init; } = [];
}

/// <summary>An event after its commit.</summary>
/// <param name="IsDuplicate">It was there before, and nothing was recorded.</param>
sealed record RecordedEvent(long Id, bool IsDuplicate, IReadOnlyList<long> ExecutionIds);
