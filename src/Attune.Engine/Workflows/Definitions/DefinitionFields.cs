using System.Globalization;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>
/// Reads the fields of one mapping, by name. Every mistake is reported and reading goes on with a harmless value, so that one pass finds
/// them all. The names that were asked for are the names there are: <see cref="Done"/> reports any other.
/// </summary>
sealed class DefinitionFields(Value map, string path, Mistakes mistakes)
{
    public const int TextMax = 10_000;

    readonly List<string> known = [];

    public string Path => path;

    public Mistakes Mistakes => mistakes;

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Null where it is not there or null.</summary>
    public Value? Find(string name)
    {
        if (!known.Contains(name))
            known.Add(name);
        return map.TryGet(name, out var value) && value.Kind is not ValueKind.Null ? value : null;
    }

    public void Report(string name, string message) => mistakes.Report(Full(name), message);

    public string Full(string name) => Mistakes.Under(path, name);

    public void Done()
    {
        foreach (var name in map.AsMap().Keys.Where(name => !known.Contains(name)))
            Report(Mistakes.Cut(name), $"is not known.{mistakes.Near(name, known)}");
    }

    public string? Text(string name)
    {
        if (Find(name) is not { } value)
            return null;

        // `version: 1.0` is a number to YAML.
        if (value.Kind is ValueKind.Int or ValueKind.Double or ValueKind.Bool)
        {
            Report(name, $"must be a text, not {NameOf(value.Kind)}; put it into quotes.");
            return null;
        }

        if (!Expect(name, value, "a text", ValueKind.String))
            return null;
        if (value.AsString().Length <= TextMax)
            return value.AsString();

        Report(name, $"is longer than {TextMax} characters.");
        return null;
    }

    public bool Flag(string name) => Find(name) is { } value && Expect(name, value, "true or false", ValueKind.Bool) && value.AsBool();

    /// <summary>The first of the choices where it is not there.</summary>
    public string Choice(string name, params string[] choices)
    {
        if (Text(name) is not { } text)
            return choices[0];
        if (choices.Contains(text))
            return text;

        Report(name, $"must be {string.Join(", ", choices[..^1])} or {choices[^1]}, not '{Mistakes.Cut(text)}'.{Hint(text, choices)}");
        return choices[0];
    }

    public double? Number(string name, double minimum, double maximum)
        => Find(name) is { } value && Expect(name, value, "a number", ValueKind.Int, ValueKind.Double) && IsWithin(name, value, minimum, maximum)
            ? value.AsDouble()
            : null;

    public int? Whole(string name, int minimum, int maximum)
        => Find(name) is { } value && Expect(name, value, "a whole number", ValueKind.Int) && IsWithin(name, value, minimum, maximum)
            ? (int)value.AsInt()
            : null;

    /// <summary>A number, or an expression that gives one.</summary>
    public Template? NumberOrExpression(string name, double minimum, double maximum, bool isWhole)
    {
        var wanted = isWhole ? "a whole number" : "a number";
        if (Find(name) is not { } value)
            return null;
        if (value.Kind is ValueKind.String)
            return OneExpression(name, value, $"must be {wanted} or one expression in `{{{{ }}}}`, not a text.");
        if (isWhole ? !Expect(name, value, wanted, ValueKind.Int) : !Expect(name, value, wanted, ValueKind.Int, ValueKind.Double))
            return null;

        return IsWithin(name, value, minimum, maximum) ? new(new TemplateConstant(value)) : null;
    }

    /// <summary>A text that is one expression and nothing else, so that it keeps the kind of its value.</summary>
    public Template? OneExpression(string name, Value value, string otherwise)
    {
        if (Compile(name, value) is not { } template)
            return null;
        if (template.IsOneExpression)
            return template;

        Report(name, otherwise);
        return null;
    }

    /// <summary>A mapping whose texts may hold expressions.</summary>
    public Template? TemplateMap(string name)
        => Find(name) is { } value && Expect(name, value, "a mapping", ValueKind.Map) ? Compile(name, value) : null;

    public Template? TemplateText(string name)
        => Find(name) is { } value && Expect(name, value, "a text", ValueKind.String) ? Compile(name, value) : null;

    /// <summary>Null after a mistake.</summary>
    public Template? Compile(string name, Value value)
    {
        if (mistakes.IsEnough)
            return null;

        var found = new List<TemplateProblem>();
        var part = new TemplateReader(found).Read(value);
        foreach (var problem in found)
            mistakes.Report(Mistakes.Under(Full(name), problem.Path), problem.Problem);
        return part is null ? null : new(part);
    }

    /// <summary>An expression, with or without braces around it, or true or false.</summary>
    public Expression? Condition(string name)
    {
        if (Find(name) is not { } value || mistakes.IsEnough)
            return null;
        if (value.Kind is ValueKind.Bool)
            return Expression.Parse(value.AsBool() ? "true" : "false");
        if (!Expect(name, value, "an expression", ValueKind.String))
            return null;

        var text = value.AsString();
        var start = text.AsSpan().TrimStart() is ['{', '{', ..] ? text.IndexOf("{{", StringComparison.Ordinal) + 2 : 0;
        try
        {
            var parser = new Parser(text, start, isEmbedded: start > 0);
            var expression = parser.Whole();
            if (start == 0 || text.AsSpan(parser.End).IsWhiteSpace())
                return expression;

            Report(name, "must be one expression, with nothing around its braces.");
        }
        catch (ExpressionException exception)
        {
            mistakes.Report(Full(name), exception.Problem);
        }

        return null;
    }

    public DefinitionFields? Map(string name)
        => Find(name) is { } value && Expect(name, value, "a mapping", ValueKind.Map) ? new(value, Full(name), mistakes) : null;

    public bool Expect(string name, Value value, string expected, params ReadOnlySpan<ValueKind> kinds)
    {
        if (kinds.Contains(value.Kind))
            return true;

        Report(name, $"must be {expected}, not {NameOf(value.Kind)}.");
        return false;
    }

    bool IsWithin(string name, Value value, double minimum, double maximum)
    {
        if (value.AsDouble() >= minimum && value.AsDouble() <= maximum)
            return true;

        Report(name, string.Create(CultureInfo.InvariantCulture, $"must be from {minimum} to {maximum}."));
        return false;
    }

    static string Hint(string text, string[] choices) => NearestName.Find(text, choices) is { } near ? $" Did you mean '{near}'?" : "";

    public static string NameOf(ValueKind kind) => kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => "true or false",
        ValueKind.Int or ValueKind.Double => "a number",
        ValueKind.List => "a list",
        ValueKind.Map => "a mapping",
        _ => "a text",
    };
}
