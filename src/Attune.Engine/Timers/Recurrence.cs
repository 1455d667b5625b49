namespace Attune.Engine.Timers;

/// <summary>The fires of a timer, as a sequence in time. A timer that is due fires at `due` whatever its recurrence says of that moment.</summary>
abstract class Recurrence
{
    /// <summary>The first fire strictly after a moment.</summary>
    public abstract DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after);

    /// <summary>The last fire from <paramref name="due"/> on that is not after a moment, which is not before it.</summary>
    public abstract DateTimeOffset Last(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset notAfter);

    /// <summary>How many fires there are from one fire to another, both counted.</summary>
    public abstract long Count(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset last);

    public sealed class Interval(TimeSpan length) : Recurrence
    {
        public override DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after)
        {
            var ahead = (Passed(anchor, after) + 1) * length;
            return ahead > DateTimeOffset.MaxValue - anchor ? null : anchor.ToUniversalTime() + ahead;
        }

        public override DateTimeOffset Last(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset notAfter)
        {
            var last = anchor.ToUniversalTime() + Passed(anchor, notAfter) * length;
            return last > due ? last : due;
        }

        public override long Count(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset last)
            => Passed(anchor, last) - Passed(anchor, due) + 1;

        long Passed(DateTimeOffset anchor, DateTimeOffset moment) => moment < anchor ? 0 : (moment - anchor).Ticks / length.Ticks;
    }

    public sealed class Cron(CronExpression expression, ZoneClock clock) : Recurrence
    {
        static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

        public override DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after) => clock.Next(expression, after);

        // Fires cannot be walked backwards, but the next one never comes earlier for asking later, so it can be closed in on.
        public override DateTimeOffset Last(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset notAfter)
        {
            if (!(clock.Next(expression, due) <= notAfter))
                return due;

            var (early, late) = (due, notAfter);
            for (var back = Second; notAfter - back > early; back *= 2)
            {
                if (clock.Next(expression, notAfter - back) <= notAfter)
                    early = notAfter - back;
                else
                    late = notAfter - back;
            }

            while (late - early > Second)
            {
                var middle = early + (late - early) / 2;
                if (clock.Next(expression, middle) <= notAfter)
                    early = middle;
                else
                    late = middle;
            }

            return Latest(early, notAfter);
        }

        public override long Count(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset last)
        {
            var count = 1L;
            for (var fire = due; count < Schedule.CountMax && clock.Next(expression, fire) is { } next && next <= last; fire = next)
                count++;
            return count;
        }

        // Less than two seconds are left, so this is one step or two.
        DateTimeOffset Latest(DateTimeOffset early, DateTimeOffset notAfter)
        {
            var latest = early;
            while (clock.Next(expression, latest) is { } next && next <= notAfter)
                latest = next;
            return latest;
        }
    }

    public sealed class Once(DateTimeOffset moment) : Recurrence
    {
        public override DateTimeOffset? Next(DateTimeOffset anchor, DateTimeOffset after) => moment > after ? moment : null;

        public override DateTimeOffset Last(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset notAfter) => due;

        public override long Count(DateTimeOffset anchor, DateTimeOffset due, DateTimeOffset last) => 1;
    }
}
