using System.Globalization;
using System.Text.Json;
using Attune.Engine.Schemas;

namespace Attune.Engine.Timers;

/// <summary>Reads the parameters of the core pack's timer triggers and lists every mistake in them.</summary>
sealed class ScheduleReader(List<ScheduleProblem> problems)
{
    static readonly TimeSpan IntervalMax = TimeSpan.FromDays(36_500);

    // What packs/core/triggers says, for callers that did not check against it.
    static readonly Schema Interval = SchemaOf("""
        {
          "interval": {"type": "integer", "required": true, "minimum": 1},
          "unit": {"type": "string", "default": "seconds", "enum": ["seconds", "minutes", "hours", "days"]},
          "missed": {"type": "string", "default": "latest", "enum": ["skip", "latest", "all"]}
        }
        """);

    static readonly Schema Cron = SchemaOf("""
        {
          "expression": {"type": "string", "required": true, "min_length": 1},
          "timezone": {"type": "string", "default": "UTC"},
          "missed": {"type": "string", "default": "latest", "enum": ["skip", "latest", "all"]}
        }
        """);

    static readonly Schema Once = SchemaOf("""
        {
          "date": {"type": "string", "required": true, "format": "date-time"},
          "missed": {"type": "string", "default": "latest", "enum": ["skip", "latest"]}
        }
        """);

    /// <summary>Null where there was a mistake.</summary>
    public (Recurrence Recurrence, MissedFires Missed)? Read(string triggerRef, JsonElement triggerParams)
    {
        var schema = triggerRef switch
        {
            "core.intervaltimer" => Interval,
            "core.crontimer" => Cron,
            "core.datetimetimer" => Once,
            _ => throw new ArgumentException($"'{triggerRef}' is no timer.", nameof(triggerRef)),
        };
        var outcome = schema.Validate(triggerParams.ValueKind is JsonValueKind.Null ? default : triggerParams);
        foreach (var problem in outcome.Problems)
            problems.Add(new(problem.Path, problem.Message));

        // Mistakes in one parameter must not hide those in another, so the texts are read where they are texts at all.
        using var valid = outcome.IsValid ? JsonDocument.Parse(outcome.Value) : null;
        var given = valid?.RootElement ?? triggerParams;
        if (given.ValueKind is not JsonValueKind.Object)
            return null;

        Recurrence? recurrence = triggerRef switch
        {
            "core.intervaltimer" => outcome.IsValid ? IntervalOf(given) : null,
            "core.crontimer" => CronOf(given),
            _ => outcome.IsValid ? new Recurrence.Once(DateOf(given)) : null,
        };
        if (recurrence is null || !outcome.IsValid)
            return null;

        var missed = Enum.Parse<MissedFires>(given.GetProperty("missed").GetString()!, ignoreCase: true);
        return (recurrence, missed);
    }

    Recurrence.Interval? IntervalOf(JsonElement given)
    {
        var unit = given.GetProperty("unit").GetString() switch
        {
            "minutes" => TimeSpan.FromMinutes(1),
            "hours" => TimeSpan.FromHours(1),
            "days" => TimeSpan.FromDays(1),
            _ => TimeSpan.FromSeconds(1),
        };
        var count = given.GetProperty("interval").GetInt64();
        if (count <= IntervalMax / unit)
            return new(count * unit);

        problems.Add(new("interval", $"is too long: at most {(long)(IntervalMax / unit)} {given.GetProperty("unit").GetString()}."));
        return null;
    }

    Recurrence.Cron? CronOf(JsonElement given)
    {
        var zone = TimeZoneInfo.Utc;
        if (Text(given, "timezone") is { } name)
            zone = ZoneOf(name);
        CronExpression? expression = null;
        if (Text(given, "expression") is { Length: > 0 } text)
        {
            var wrong = new List<string>();
            CronExpression.TryParse(text, wrong, out expression);
            problems.AddRange(wrong.Select(problem => new ScheduleProblem("expression", problem)));
        }

        return expression is null || zone is null ? null : new(expression, new(zone));
    }

    TimeZoneInfo? ZoneOf(string name)
    {
        if (IsZoneName(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            return zone;

        problems.Add(new("timezone", $"'{(name.Length <= 60 ? name : name[..60] + "…")}' is no time zone.{Meant(name)}"));
        return null;
    }

    // It becomes a file name below the zone database.
    static bool IsZoneName(string name) => name.Length is > 0 and <= 64
        && name.All(each => char.IsAsciiLetterOrDigit(each) || each is '/' or '_' or '-' or '+');

    static string Meant(string name)
    {
        var known = TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).ToList();
        if (known.Count <= 1)
            return " This machine has no time zones: install its package tzdata.";
        if (name.Length > 64)
            return "";

        var place = name.Trim().Replace(' ', '_');
        var nearest = known.Find(id => id.EndsWith("/" + place, StringComparison.OrdinalIgnoreCase)) ?? NearestName.Find(place, known);
        return nearest is null ? " Give an IANA name such as Europe/Berlin." : $" Did you mean '{nearest}'?";
    }

    static DateTimeOffset DateOf(JsonElement given)
        => DateTimeOffset.Parse(given.GetProperty("date").GetString()!, CultureInfo.InvariantCulture).ToUniversalTime();

    static string? Text(JsonElement given, string name)
        => given.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    static Schema SchemaOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Schema.Parse(document.RootElement).Schema!;
    }
}
