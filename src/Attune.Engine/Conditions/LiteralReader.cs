using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>Makes the test of one operator of its `value`, and holds both against what the schema says of the field.</summary>
sealed class LiteralReader(ConditionReader reader, string field, SchemaField? known, string path)
{
    const int MaxPatternLength = 1000;

    static readonly FieldType[] Ordered = [FieldType.String, FieldType.Integer, FieldType.Number];
    static readonly FieldType[] Holding = [FieldType.String, FieldType.Array, FieldType.Object];

    readonly string valuePath = ConditionReader.Below(path, "value");

    /// <summary>What was compared with, for explanations.</summary>
    public Value? Literal { get; private set; }

    /// <param name="name">The operator without `not_`.</param>
    public FieldTest? Test(string name, JsonElement? value)
    {
        if (name is "exists")
        {
            if (value is not null)
                reader.Report(valuePath, "means nothing here: leave it out. not_exists is the opposite.");
            return new FieldTest.Present();
        }

        if (value is null)
            reader.Report(valuePath, "is missing: give what to compare with.");
        if (value is not { } json || LiteralOf(json) is not { } literal)
            return null;

        Literal = literal;
        return name switch
        {
            "equals" => Fits(literal, known, valuePath) ? new FieldTest.Equal(literal) : null,
            "in" => OneOf(literal),
            "contains" => Containing(literal),
            "starts_with" => Asks(name, [FieldType.String]) && Text(literal, "a string") is { } start ? new FieldTest.StartingWith(start) : null,
            "ends_with" => Asks(name, [FieldType.String]) && Text(literal, "a string") is { } end ? new FieldTest.EndingWith(end) : null,
            "matches" => Asks(name, [FieldType.String]) && Text(literal, "a regular expression") is { } pattern ? Pattern(pattern) : null,
            "within_last" => Asks(name, Ordered) && Text(literal, "a duration such as 15m, 2h or 7d") is { } duration ? Recent(duration) : null,
            _ => InOrder(name, literal),
        };
    }

    Value? LiteralOf(JsonElement json)
    {
        try
        {
            var literal = Value.FromJson(json);
            if (literal.Kind is not ValueKind.String || !literal.AsString().Contains("{{", StringComparison.Ordinal))
                return literal;
            reader.Report(
                valuePath, "is compared as it stands. To calculate, write the whole condition as an expression: `event.payload.a == pack.config.b`.");
        }
        catch (JsonException exception)
        {
            reader.Report(valuePath, $"cannot be read: {exception.Message}");
        }

        return null;
    }

    FieldTest.OneOf? OneOf(Value literal)
    {
        if (literal.Kind is not ValueKind.List || literal.AsList() is { Count: 0 })
        {
            var given = literal.Kind is ValueKind.List ? "empty" : KindNames.Of(literal.Kind);
            reader.Report(valuePath, $"must be a list of the values to look among, not {given}.");
            return null;
        }

        var (literals, fit) = (literal.AsList(), true);
        for (var index = 0; index < literals.Count; index++)
            fit &= Fits(literals[index], known, $"{valuePath}[{index}]");
        return fit ? new([.. literals]) : null;
    }

    FieldTest.Containing? Containing(Value literal)
    {
        if (!Asks("contains", Holding))
            return null;

        var fits = known?.Type switch
        {
            FieldType.String => Text(literal, "a string") is not null,
            FieldType.Object => Text(literal, "the name of a member") is not null,
            FieldType.Array => Fits(literal, known.Items, valuePath),
            _ => true,
        };
        return fits ? new(literal) : null;
    }

    FieldTest.Ordered? InOrder(string name, Value literal)
    {
        if (!Asks(name, Ordered))
            return null;

        var isText = literal.Kind is ValueKind.String;
        var (fits, wanted) = known?.Type switch
        {
            FieldType.String => (isText, "a string"),
            FieldType.Integer or FieldType.Number => (literal.IsNumber, "a number"),
            _ => (isText || literal.IsNumber, "a number or a string"),
        };
        if (fits)
            return new(literal, name.StartsWith("greater", StringComparison.Ordinal), name.EndsWith("equal", StringComparison.Ordinal));

        reader.Report(valuePath, $"must be {wanted} to compare '{field}' with, not {KindNames.Of(literal.Kind)}.");
        return null;
    }

    FieldTest.Pattern? Pattern(string pattern)
    {
        if (pattern.Length > MaxPatternLength)
        {
            reader.Report(valuePath, $"is longer than {MaxPatternLength} characters.");
            return null;
        }

        if (!reader.TakesCostly())
            return null;

        try
        {
            // Linear in the text, but also in the pattern, which counted repeats make long.
            return new(new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, FieldTest.Pattern.LinearTimeout));
        }
        catch (ArgumentException exception)
        {
            reader.Report(valuePath, $"is no regular expression: {exception.Message}");
            return null;
        }
        catch (NotSupportedException)
        {
            // Look-around and back references need the backtracking engine; the timeout keeps them harmless.
            return new(new(pattern, RegexOptions.CultureInvariant, FieldTest.Pattern.Timeout));
        }
    }

    FieldTest.Recent? Recent(string duration)
    {
        if (known is { Type: FieldType.String, Format: { } format } && format.Name is not "date-time")
            reader.Report(ConditionReader.Below(path, "operator"), $"'{field}' is a {format.Name}, and within_last asks about a date-time.");
        else if (ShortDuration.Parse(duration) is { } length)
            return new(length);
        else
            reader.Report(valuePath, "must be a duration: numbers with s, m, h, d or w, such as 15m, 2h, 1h30m or 7d, up to 36500d.");
        return null;
    }

    // A field of another type than the operator is about would never match.
    bool Asks(string name, FieldType[] types)
    {
        if (known is null or { Type: FieldType.Any } || types.Contains(known.Type))
            return true;

        var wanted = types.Select(type => type.ToString().ToLowerInvariant());
        reader.Report(ConditionReader.Below(path, "operator"), $"'{field}' is {known.TypeName}, and {name} asks about {string.Join(", ", wanted)}.");
        return false;
    }

    string? Text(Value literal, string wanted)
    {
        if (literal.Kind is ValueKind.String)
            return literal.AsString();

        reader.Report(valuePath, $"must be {wanted}, not {KindNames.Of(literal.Kind)}.");
        return null;
    }

    bool Fits(Value literal, SchemaField? of, string where)
    {
        var fits = of?.Type switch
        {
            FieldType.String => literal.Kind is ValueKind.String,
            FieldType.Integer => literal.IsNumber && NumberOrder.IsWhole(literal.AsDouble(), out _),
            FieldType.Number => literal.IsNumber,
            FieldType.Boolean => literal.Kind is ValueKind.Bool,
            FieldType.Object => literal.Kind is ValueKind.Map,
            FieldType.Array => literal.Kind is ValueKind.List,
            _ => true,
        };
        if (!fits && literal.Kind is ValueKind.Null)
            reader.Report(where, $"'{field}' is never null: use exists or not_exists.");
        else if (!fits)
            reader.Report(where, $"must be {of!.TypeName} to compare '{field}' with, not {KindNames.Of(literal.Kind)}.");
        else if (of?.Enum is { } allowed && !allowed.Any(each => Value.FromJson(each) == literal))
            reader.Report(where, $"'{field}' is never that.{Among(literal, allowed)}");
        else
            return true;
        return false;
    }

    static string Among(Value literal, IReadOnlyList<JsonElement> allowed)
    {
        var names = allowed.Select(each => each.ValueKind is JsonValueKind.String ? each.GetString()! : each.GetRawText()).ToList();
        return NearestName.Suggest(literal.Kind is ValueKind.String ? literal.AsString() : "", names);
    }
}
