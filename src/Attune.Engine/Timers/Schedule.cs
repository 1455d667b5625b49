using System.Text.Json;

namespace Attune.Engine.Timers;

/// <summary>A mistake in a timer's parameters: `expression: …`.</summary>
public sealed record ScheduleProblem(string Path, string Message);

/// <summary>What becomes of fires that nobody was there for.</summary>
public enum MissedFires
{
    Skip,
    Latest,
    All,
}

/// <summary>When a timer fires: an interval, a cron expression in a time zone, or one moment. Pure: it knows no clock.</summary>
public sealed class Schedule
{
    /// <summary>Made up for at once under <see cref="MissedFires.All"/>; earlier ones are recorded as missed.</summary>
    public const int CatchUpMax = 100;

    Schedule() { }

    public MissedFires Missed => throw new NotImplementedException();

    public static bool IsTimer(string triggerRef) => triggerRef is "core.intervaltimer" or "core.crontimer" or "core.datetimetimer";

    /// <summary>
    /// Reads a rule's `trigger_params` of core.intervaltimer, core.crontimer or core.datetimetimer, defaults applied. Null where
    /// <paramref name="problems"/> got something: every mistake, with what was probably meant.
    /// </summary>
    public static Schedule? Parse(string triggerRef, JsonElement triggerParams, List<ScheduleProblem> problems) => throw new NotImplementedException();

    /// <summary>The first fire strictly after <paramref name="after"/>; null when there is none any more.</summary>
    /// <param name="anchor">When the rule began: intervals count from here.</param>
    public DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after) => throw new NotImplementedException();

    /// <summary>What to do at <paramref name="now"/> with a timer that was due at <paramref name="due"/>, which is not after it.</summary>
    /// <param name="grace">A fire no later than this is on time.</param>
    public Tick Decide(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset now, TimeSpan grace) => throw new NotImplementedException();
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

public sealed record Misses(DateTimeOffset First, DateTimeOffset Last, long Count, long FiredLate);
