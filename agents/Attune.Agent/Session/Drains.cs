using Attune.Agent.Sensors;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>Taking nothing new, for either side's reason. Running work is cancelled only when a deadline has passed.</summary>
sealed partial class Drains : IDisposable
{
    readonly Lock gate = new();
    readonly Work work;
    readonly Assignments sensors;
    readonly Reports reports;
    readonly TimeProvider clock;
    readonly ILogger<Drains> logger;
    readonly ITimer deadlineTimer;
    Drain? own;
    Drain? asked;

    public Drains(Work work, Assignments sensors, Reports reports, TimeProvider clock, ILogger<Drains> logger)
    {
        (this.work, this.sensors, this.reports, this.clock, this.logger) = (work, sensors, reports, clock, logger);
        deadlineTimer = clock.CreateTimer(_ => Expire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The agent's own, to be repeated on every stream; null while it means to stay.</summary>
    public Drain? Own
    {
        get
        {
            lock (gate)
                return own;
        }
    }

    /// <summary>The control plane's word: a drain, or the end of one.</summary>
    public void Take(Drain drain)
    {
        lock (gate)
        {
            asked = drain.Lifted ? null : drain;
            if (drain.Lifted)
                LogLifted();
            else
                LogDrain(drain.Reason, drain.Deadline);
            Apply();
        }
    }

    /// <summary>The process will stop.</summary>
    public void Begin(string reason, DateTimeOffset? deadline)
    {
        lock (gate)
        {
            own = new() { Deadline = deadline?.ToTimestamp(), Reason = reason };
            Apply();
            reports.Say(message => message.Drain = own);
        }
    }

    public void Dispose() => deadlineTimer.Dispose();

    void Apply()
    {
        work.Draining = own?.Reason ?? asked?.Reason;

        // A run may end in its own time; a sensor has none, so the sooner it is gone the sooner it runs elsewhere.
        sensors.Draining = work.Draining is not null;
        if (own is null)
            reports.Say(message => message.Pull = new() { Slots = work.Wanted });

        var deadline = (own ?? asked)?.Deadline?.ToDateTimeOffset();
        deadlineTimer.Change(
            deadline is { } time ? Clamp(time - clock.GetUtcNow()) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    static TimeSpan Clamp(TimeSpan left)
        => left < TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(30) ? TimeSpan.FromDays(30) : left;

    void Expire()
    {
        var running = work.SlotsInUse;
        if (running == 0)
            return;

        LogDeadline(running);
        work.CancelAll("The agent drains and its deadline has passed.", ActiveRun.DefaultGrace);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The control plane drains this agent ({Reason}; deadline {Deadline}): nothing new is taken")]
    partial void LogDrain(string reason, Timestamp? deadline);

    [LoggerMessage(Level = LogLevel.Information, Message = "The drain is lifted: work is taken again")]
    partial void LogLifted();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The drain's deadline has passed: {Running} runs are cancelled")]
    partial void LogDeadline(int running);
}
