using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Attune.Server.Workers;

public sealed class WorkerOptions
{
    public const string Section = "Workers";

    /// <summary>How long an agent may stay silent before its work is decided by the actions' delivery contracts.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The shortest heartbeat interval; a large fleet gets a longer one, never more than a third of the lease.</summary>
    [Range(typeof(TimeSpan), "00:00:00.2", "00:10:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>So many heartbeats a second and replica at most, whatever the size of the fleet.</summary>
    public const int HeartbeatsPerSecond = 200;

    public TimeSpan HeartbeatFor(int agents)
    {
        var scaled = TimeSpan.FromSeconds((double)agents / HeartbeatsPerSecond);
        var longest = Lease / 3;
        return scaled > Heartbeat ? (scaled < longest ? scaled : longest) : (Heartbeat < longest ? Heartbeat : longest);
    }
}

[OptionsValidator]
sealed partial class WorkerOptionsValidator : IValidateOptions<WorkerOptions>;
