using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Sensors;

/// <summary>How a sensor's process stands: what is reported, and what `attune-agent status` shows.</summary>
sealed record SensorStanding(string SensorRef, long Generation)
{
    public SensorProcessState State { get; init; } = SensorProcessState.Starting;

    /// <summary>0 while no process runs.</summary>
    public int ProcessId { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public int FailuresInRow { get; init; }

    /// <summary>How the last process ended, masked; empty when none has failed.</summary>
    public string LastError { get; init; } = "";

    public DateTimeOffset? NextStartAt { get; init; }

    public SensorReport ToReport(DateTimeOffset now) => new()
    {
        SensorRef = SensorRef,
        Generation = Generation,
        State = State,
        Time = now.ToTimestamp(),
        StartedAt = StartedAt?.ToTimestamp(),
        FailuresInRow = FailuresInRow,
        LastError = LastError,
        NextStartAt = NextStartAt?.ToTimestamp(),
    };
}
