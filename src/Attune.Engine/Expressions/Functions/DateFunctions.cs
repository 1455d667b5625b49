using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

/// <summary>Dates are RFC 3339 strings. What depends on a calendar follows the clock of a zone, or of the date's own offset.</summary>
static class DateFunctions
{
    static readonly string[] Parts = ["year", "month", "day", "hour", "minute", "second", "weekday", "day_of_year", "week"];

    static readonly Parameter Zone = Text("zone").Optional();

    public static IReadOnlyList<Function> All { get; } =
    [
        new("now", [], "The time of the evaluation, in UTC: the same wherever it stands in a rule.",
            (ref e, _) => Value.Of(Dates.Text(e.Scope.Now.ToUniversalTime())))
            { Examples = [("now()", "\"2026-11-22T08:30:00Z\"")] },
        new("parse_date", [Text("text"), Text("format").Optional(), Zone],
            "The date in a text: RFC 3339 without a format. What has no offset is the time of the zone, UTC by default.",
            Parse)
            {
                Examples =
                [
                    ("parse_date('22.11.2026 09:30', 'dd.MM.yyyy HH:mm', 'Europe/Berlin')", "\"2026-11-22T09:30:00+01:00\""),
                    ("parse_date('2026-11-22')", "\"2026-11-22T00:00:00Z\""),
                ],
            },
        new("format_date", [Text("date"), Text("format"), Zone],
            "The date as a text in that format, in the zone or the date's own offset.",
            Format)
            {
                Examples =
                [
                    ("format_date(now(), 'yyyy-MM-dd HH:mm', 'Europe/Berlin')", "\"2026-11-22 09:30\""),
                    ("format_date('2026-01-05T08:00:00Z', 'ddd d MMM')", "\"Mon 5 Jan\""),
                ],
            },
        new("to_zone", [Text("date"), Text("zone")], "The same instant with the zone's offset.",
            (ref e, call) => Value.Of(Dates.Text(Dates.At(ref e, call, 0, 1))))
            { Examples = [("to_zone('2026-07-01T12:00:00Z', 'Asia/Tokyo')", "\"2026-07-01T21:00:00+09:00\"")] },
        new("date_add", [Text("date"), Number("amount"), Text("unit"), Zone],
            "The date moved by seconds, minutes, hours, days, weeks, months or years. From days on whole amounts are moved "
            + "by the zone's calendar and clock: noon stays noon.",
            Add)
            {
                Examples =
                [
                    ("date_add('2026-01-31T10:00:00Z', 1, 'months')", "\"2026-02-28T10:00:00Z\""),
                    ("date_add('2026-03-28T12:00:00+01:00', 1, 'days', 'Europe/Berlin')", "\"2026-03-29T12:00:00+02:00\""),
                    ("date_add(now(), -90, 'minutes')", "\"2026-11-22T07:00:00Z\""),
                ],
            },
        new("date_diff", [Text("date"), Text("earlier"), Text("unit").Optional()],
            "How much later it is than the other, in seconds (the default), minutes, hours, days of 24 hours or weeks; "
            + "negative where it is earlier.",
            Diff)
            {
                Examples =
                [
                    ("date_diff('2026-01-02T00:00:00Z', '2026-01-01T12:00:00Z', 'hours')", "12"),
                    ("date_diff(now(), '2026-11-22T08:29:30Z') > 60", "false"),
                ],
            },
        new("date_part", [Text("date"), Text("part"), Zone],
            "One int of it: year, month, day, hour, minute, second, weekday (Monday is 1, Sunday 7), day_of_year or week "
            + "(ISO 8601).",
            Part)
            {
                Examples =
                [
                    ("date_part('2026-11-22T08:30:00Z', 'weekday')", "7"),
                    ("date_part('2026-11-22T23:30:00Z', 'hour', 'Europe/Berlin')", "0"),
                ],
            },
        new("timestamp", [Text("date")], "Seconds since 1970 in UTC, whole or not.",
            (ref e, call) => Dates.Amount(Dates.At(ref e, call, 0) - DateTimeOffset.UnixEpoch, TimeSpan.TicksPerSecond))
            { Examples = [("timestamp('2026-01-01T00:00:00Z')", "1767225600")] },
        new("from_timestamp", [Number("seconds")], "The date so many seconds after 1970, in UTC.",
            (ref e, call) => Value.Of(Dates.Text(Dates.Moved(ref e, call, DateTimeOffset.UnixEpoch, call[0], TimeSpan.TicksPerSecond))))
            { Examples = [("from_timestamp(1767225600)", "\"2026-01-01T00:00:00Z\"")] },
    ];

    static Value Parse(ref Evaluation evaluation, Call call)
    {
        var zone = call.Has(2) ? Dates.Zone(ref evaluation, call, 2) : TimeZoneInfo.Utc;
        var format = call.Has(1) ? Dates.FormatOf(ref evaluation, call, 1) : null;
        return Value.Of(Dates.Text(Dates.Read(ref evaluation, call, 0, format, zone)));
    }

    static Value Format(ref Evaluation evaluation, Call call)
    {
        var date = Dates.At(ref evaluation, call, 0, 2);
        var format = Dates.FormatOf(ref evaluation, call, 1);
        try
        {
            return evaluation.Made(call.Position, date.ToString(format, System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (FormatException)
        {
            throw evaluation.Fail(call.PositionOf(1), Dates.FormatProblem);
        }
    }

    static Value Add(ref Evaluation evaluation, Call call)
    {
        var date = Dates.At(ref evaluation, call, 0, 3);
        var unit = Dates.Unit(ref evaluation, call, 2, true);
        if (unit.Ticks is { } ticks)
            return Value.Of(Dates.Text(Dates.Zoned(ref evaluation, call, Dates.Moved(ref evaluation, call, date, call[1], ticks), 3)));
        if (call[1].Kind is not ValueKind.Int)
            throw evaluation.Fail(call.PositionOf(1), $"date_add() moves by whole {unit.Name}: an int.");

        try
        {
            var amount = checked((int)call[1].AsInt());
            var moved = unit.Name switch
            {
                "days" => date.DateTime.AddDays(amount),
                "weeks" => date.DateTime.AddDays(checked(amount * 7)),
                "months" => date.DateTime.AddMonths(amount),
                _ => date.DateTime.AddYears(amount),
            };
            return Value.Of(Dates.Text(call.Has(3)
                ? Dates.InZone(ref evaluation, call, moved, Dates.Zone(ref evaluation, call, 3))
                : new(moved, date.Offset)));
        }
        catch (Exception outside) when (outside is OverflowException or ArgumentOutOfRangeException)
        {
            throw evaluation.Fail(call.Position, Dates.OutOfRange);
        }
    }

    static Value Diff(ref Evaluation evaluation, Call call)
    {
        var difference = Dates.At(ref evaluation, call, 0) - Dates.At(ref evaluation, call, 1);
        return Dates.Amount(difference, call.Has(2) ? Dates.Unit(ref evaluation, call, 2, false).Ticks!.Value : TimeSpan.TicksPerSecond);
    }

    static Value Part(ref Evaluation evaluation, Call call)
    {
        var date = Dates.At(ref evaluation, call, 0, 2);
        return Value.Of((long)(call.Text(1) switch
        {
            "year" => date.Year,
            "month" => date.Month,
            "day" => date.Day,
            "hour" => date.Hour,
            "minute" => date.Minute,
            "second" => date.Second,
            "weekday" => date.DayOfWeek is DayOfWeek.Sunday ? 7 : (int)date.DayOfWeek,
            "day_of_year" => date.DayOfYear,
            "week" => System.Globalization.ISOWeek.GetWeekOfYear(date.DateTime),
            var other => throw evaluation.Fail(call.PositionOf(1), Dates.Unknown("part", other, Parts)),
        }));
    }
}
