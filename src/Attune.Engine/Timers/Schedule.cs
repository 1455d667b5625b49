using System.Text.Json;

namespace Attune.Engine.Timers;

/// <summary>A mistake in a timer's parameters: `expression: …`.</summary>
public sealed record ScheduleProblem(string Path, string Message);

/// <summary>What becomes of fires that nobody was there for.</summary>
public enum MissedFires
{
    /// <summary>They are recorded and not made up for.</summary>
    Skip,

    /// <summary>Only the newest is made up for, and none where a later fire is still on time.</summary>
    Latest,

    /// <summary>Each is made up for, the newest <see cref="Schedule.CatchUpMax"/>.</summary>
    All,
}

/// <summary>When a timer fires: an interval, a cron expression in a time zone, or one moment. Pure: it knows no clock.</summary>
/// <remarks>
/// An interval is time that passes: a day is 24 hours whatever clocks on the wall do. <see cref="CronExpression"/> and
/// <see cref="ZoneClock"/> say what cron expressions mean. All answers are in UTC.
/// </remarks>
public sealed class Schedule
{
    /// <summary>Fires that one tick may have; earlier ones are recorded as missed.</summary>
    public const int CatchUpMax = 100;

    /// <summary>Missed fires of a cron expression are counted up to here.</summary>
    public const int CountMax = 10_000;

    static readonly TimeSpan Instant = TimeSpan.FromTicks(1);

    readonly Recurrence recurrence;

    Schedule(Recurrence recurrence, MissedFires missed) => (this.recurrence, Missed) = (recurrence, missed);

    public MissedFires Missed { get; }

    public static bool IsTimer(string triggerRef) => triggerRef is "core.intervaltimer" or "core.crontimer" or "core.datetimetimer";

    /// <summary>
    /// Reads a rule's `trigger_params` of core.intervaltimer, core.crontimer or core.datetimetimer, defaults applied. Null where
    /// <paramref name="problems"/> got something: every mistake, with what was probably meant.
    /// </summary>
    /// <exception cref="ArgumentException">The trigger is no timer.</exception>
    public static Schedule? Parse(string triggerRef, JsonElement triggerParams, List<ScheduleProblem> problems)
        => new ScheduleReader(problems).Read(triggerRef, triggerParams) is var (recurrence, missed) ? new(recurrence, missed) : null;

    /// <summary>The first fire strictly after <paramref name="after"/>; null when there is none any more.</summary>
    /// <param name="anchor">When the rule began: intervals count from here.</param>
    public DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after) => recurrence.Next(anchor, after);

    /// <summary>What to do at <paramref name="now"/> with a timer that was due at <paramref name="due"/>, which is not after it.</summary>
    /// <param name="grace">A fire no later than this is on time.</param>
    public Tick Decide(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset now, TimeSpan grace)
    {
        if (due > now)
            return new() { Fires = [], Next = due };

        // From the newest backwards: what is on time, then what the policy makes up for.
        var onTime = now - grace;
        var fires = new List<DateTimeOffset>();
        DateTimeOffset? fire = recurrence.Last(anchor, due, now);
        while (fire is { } each && fires.Count < CatchUpMax && (each >= onTime || MakesUp(fires.Count)))
        {
            fires.Add(each);
            fire = each > due ? recurrence.Last(anchor, due, each - Instant) : null;
        }

        fires.Reverse();
        return new() { Fires = fires, Next = recurrence.Next(anchor, now), Misses = MissesOf(anchor, due, fires, fire, onTime) };
    }

    bool MakesUp(int firing) => Missed is MissedFires.All || (Missed is MissedFires.Latest && firing == 0);

    /// <param name="unfired">The newest that does not fire now.</param>
    Misses? MissesOf(DateTimeOffset anchor, DateTimeOffset due, List<DateTimeOffset> fires, DateTimeOffset? unfired, DateTimeOffset onTime)
    {
        var late = fires.Count(fire => fire < onTime);
        var last = late > 0 ? fires[late - 1] : unfired;
        return last is null ? null : new(due, last.Value, recurrence.Count(anchor, due, last.Value), late);
    }
}

/// <summary>What one look at a due timer comes to.</summary>
public sealed record Tick
{
    /// <summary>Scheduled times to fire now, oldest first.</summary>
    public required IReadOnlyList<DateTimeOffset> Fires { get; init; }

    /// <summary>When it is due next; null: never.</summary>
    public required DateTimeOffset? Next { get; init; }

    /// <summary>Fires that nobody was there for, whether made up for or not; null where none.</summary>
    public Misses? Misses { get; init; }
}

/// <param name="Count">At most <see cref="Schedule.CountMax"/> for a cron expression; at least as many as <paramref name="FiredLate"/>.</param>
/// <param name="FiredLate">Of these, made up for.</param>
public sealed record Misses(DateTimeOffset First, DateTimeOffset Last, long Count, long FiredLate);
