using System.Text.Json;
using System.Text.Json.Serialization;
using Attune.Agent.Session;

namespace Attune.Agent.Status;

/// <summary>What the agent does and why, as `attune-agent status -o json` prints it.</summary>
sealed record StatusReport
{
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required int ProcessId { get; init; }

    public required DateTimeOffset Now { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string Server { get; init; }

    public required ConnectionState Connection { get; init; }

    public required DateTimeOffset ConnectionSince { get; init; }

    public string? ConnectionProblem { get; init; }

    public DateTimeOffset? NextTryAt { get; init; }

    public string? SessionId { get; init; }

    public string? ServerVersion { get; init; }

    public required DateTimeOffset CertificateExpiresAt { get; init; }

    public required int Slots { get; init; }

    public required int SlotsInUse { get; init; }

    /// <summary>Why nothing new is taken.</summary>
    public string? Draining { get; init; }

    public required long SpoolWaitingBytes { get; init; }

    public required long SpoolDroppedBytes { get; init; }

    public required int ResultsWaiting { get; init; }

    public string? SpoolTrouble { get; init; }

    public required IReadOnlyList<RunStatus> Runs { get; init; }

    public required IReadOnlyList<SensorStatus> Sensors { get; init; }

    public required long EventsWaiting { get; init; }

    public required long EventsWaitingBytes { get; init; }

    /// <summary>Why sensors have to wait with their events.</summary>
    public string? EventTrouble { get; init; }

    public required IReadOnlyList<RuntimeStatus> Runtimes { get; init; }

    public required IReadOnlyList<EnvironmentState> Environments { get; init; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, StatusJson.Default.StatusReport);
}

/// <summary>`Why` says what the run waits for.</summary>
sealed record RunStatus(long ExecutionId, int Attempt, string Action, string State, DateTimeOffset? StartedAt, string Why);

sealed record SensorStatus(string Sensor, string State, int FailuresInRow)
{
    public int? Process { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? NextStartAt { get; init; }

    /// <summary>How its last process ended.</summary>
    public string? LastError { get; init; }
}

sealed record RuntimeStatus(string Runtime, string Version, string Path);

sealed record EnvironmentState(string Pack, string Runtime, string State, string Error);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(IReadOnlyList<RuntimeStatus>))]
sealed partial class StatusJson : JsonSerializerContext;
