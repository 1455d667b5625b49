using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Templates and conditions, and what is said of those that go wrong. Places are named as in the file.</summary>
sealed partial class Turn
{
    const string ExpressionFailed = "EXPRESSION_FAILED";

    bool TryRender(Template template, string place, View view, out Value value, [NotNullWhen(false)] out TaskError? error)
    {
        try
        {
            var scope = names.ScopeOf(board, [.. Names.ReadBy(template)], view, now);
            value = template.Render(scope, ExpressionLimits.Default);
            error = Stored.Problem(value) is { } problem ? new(ExpressionFailed, $"{place}: {problem}") : null;
        }
        catch (TemplateException exception)
        {
            value = Value.Null;
            var path = exception.Problem.Path;
            error = new(
                ExpressionFailed, $"{place}{(path is "" or ['[', ..] ? "" : ".")}{path}: {exception.Problem.Problem.Message}");
        }

        return error is null;
    }

    bool TryRenderMap(Template template, string place, View view, [NotNullWhen(true)] out ValueMap? map, [NotNullWhen(false)] out TaskError? error)
    {
        map = TryRender(template, place, view, out var value, out error) && value.Kind is ValueKind.Map ? value.Members : null;
        if (map is null)
            error ??= Unsuitable(place, value, "a mapping");
        return map is not null;
    }

    bool TryDecide(Expression condition, string place, View view, out bool holds, [NotNullWhen(false)] out TaskError? error)
    {
        (holds, error) = (false, null);
        try
        {
            var value = condition.Evaluate(names.ScopeOf(board, condition.Reads, view, now), ExpressionLimits.Default);
            if (value.Kind is ValueKind.Bool)
                holds = value.AsBool();
            else
                error = Unsuitable(place, value, "true or false");
        }
        catch (ExpressionException exception)
        {
            error = new(ExpressionFailed, $"{place}: {exception.Problem.Message}");
        }

        return error is null;
    }

    // Null where there is no template.
    bool TrySeconds(Template? template, string place, View view, int minimum, out TimeSpan? time, [NotNullWhen(false)] out TaskError? error)
    {
        (time, error) = (null, null);
        if (template is null)
            return true;
        if (!TryRender(template, place, view, out var value, out error))
            return false;

        if (value.IsNumber && value.AsDouble() is <= Workflow.SecondsMax and var seconds && seconds >= minimum)
            time = TimeSpan.FromSeconds(seconds);
        else
            error = Unsuitable(place, value, $"a number of seconds from {minimum} to {Workflow.SecondsMax}");
        return error is null;
    }

    bool TryCount(Template? template, string place, View view, int otherwise, int most, out int count, [NotNullWhen(false)] out TaskError? error)
    {
        (count, error) = (otherwise, null);
        if (template is null)
            return true;
        if (!TryRender(template, place, view, out var value, out error))
            return false;

        // 3.0 is whole too: JSON does not tell it from 3.
        if (value.IsNumber && value.AsDouble() is >= 1 and var number && number <= most && number == Math.Floor(number))
            count = (int)number;
        else
            error = Unsuitable(place, value, most == int.MaxValue ? "a whole number from 1 on" : $"a whole number from 1 to {most}");
        return error is null;
    }

    static TaskError Unsuitable(string place, Value value, string wanted)
        => new(ExpressionFailed, $"{place}: it gives {Described(value)}; {wanted} is needed.");

    // Of numbers what they are, of everything else only the kind: a value may be secret.
    static string Described(Value value)
        => value.IsNumber ? value.Show(40) : value.Kind is ValueKind.Null ? "null" : KindNames.Of(value.Kind);

    static string Seconds(TimeSpan time) => $"{time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s";
}
