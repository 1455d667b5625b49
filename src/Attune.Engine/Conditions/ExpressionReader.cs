using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>Compiles a condition that is an expression, and checks what it reads.</summary>
static class ExpressionReader
{
    const int MaxLength = 10_000;

    static readonly string[] Roots = ["event", "rule", "pack"];

    static readonly Dictionary<string, string[]> Members = new()
    {
        ["event"] = ["trigger", "payload", "created", "origin", "source", "key"],
        ["rule"] = ["ref", "pack"],
        ["pack"] = ["config"],
    };

    public static ConditionNode.Expression? Read(ConditionReader reader, string condition, string path)
    {
        if (Bare(condition, out var offset) is not { } text)
        {
            reader.Report(path, condition switch
            {
                { Length: > MaxLength } => $"has more than {MaxLength} characters.",
                _ when condition.AsSpan().Trim().IsEmpty => "is empty: write an expression.",
                _ => "starts with `{{` and does not end with `}}` behind an expression: a condition is one expression.",
            });
            return null;
        }

        if (!reader.TakesCostly())
            return null;

        Expression expression;
        try
        {
            expression = Expression.Parse(text);
        }
        catch (ExpressionException exception)
        {
            reader.Report(path, At(exception.Problem.Message, exception.Problem.Position, offset));
            return null;
        }

        var readsSecret = false;
        foreach (var use in expression.Reads)
        {
            if (Unknown(use, reader) is { } problem)
                reader.Report(path, At(problem, use.Position, offset));
            readsSecret |= ReadsSecret(use, reader);
        }

        if (expression.Reads.Count == 0 && Constant(expression) is { } always)
            reader.Report(path, always);
        return new(expression, text, readsSecret);
    }

    static string? Bare(string condition, out int offset)
    {
        var text = condition.AsSpan().Trim();
        if (text.StartsWith("{{"))
            text = text.EndsWith("}}") && text.Length >= 4 ? text[2..^2].Trim() : [];
        offset = text.IsEmpty ? 0 : condition.AsSpan().IndexOf(text);
        return text.IsEmpty || condition.Length > MaxLength ? null : text.ToString();
    }

    static string At(string message, int position, int offset) => position < 0 ? message : $"{message} (character {position + offset + 1})";

    // What reads nothing says nothing about the event, unless it asks what time it is.
    static string? Constant(Expression expression)
    {
        if (expression.ToString().Contains("now(", StringComparison.Ordinal))
            return null;

        try
        {
            var value = expression.Evaluate(new(new Dictionary<string, Value>(), DateTimeOffset.UnixEpoch), ExpressionLimits.Default);
            return value.Kind is ValueKind.Bool
                ? $"is always {(value.AsBool() ? "true" : "false")}: it reads nothing of the event, as in `event.payload.host == \"a\"`."
                : $"gives {KindNames.Of(value.Kind)}, not true or false, as `event.payload.host == \"a\"` does.";
        }
        catch (ExpressionException exception)
        {
            return exception.Message;
        }
    }

    static string? Unknown(VariableUse use, ConditionReader reader)
    {
        var (root, member) = (use.Path[0], use.Path.Count > 1 ? use.Path[1] : null);
        if (!Members.TryGetValue(root, out var members))
        {
            var inPayload = reader.Payload?.Names.Contains(root) is true;
            return $"There is no '{Cut(root)}' here.{(inPayload ? $" Did you mean 'event.payload.{root}'?" : NearestName.Suggest(root, Roots))}";
        }

        if (member is null)
            return null;
        if (!members.Contains(member))
        {
            var inPayload = root is "event" && reader.Payload?.Names.Contains(member) is true;
            return $"There is no '{Cut(member)}' in '{root}'."
                + (inPayload ? $" Did you mean 'event.payload.{member}'?" : NearestName.Suggest(member, members));
        }

        if (root is not "event" || member is not "payload")
            return null;
        _ = reader.Shape.Find(StepsOf(use), out var problem);
        return problem;
    }

    static bool ReadsSecret(VariableUse use, ConditionReader reader) => LooksAtPayload(use) && reader.Shape.IsSecret(StepsOf(use));

    internal static bool LooksAtPayload(VariableUse use) => use.Path[0] is "event" && (use.Path.Count == 1 || use.Path[1] is "payload");

    internal static FieldStep[] StepsOf(VariableUse use) => [.. use.Path.Skip(2).Select(name => new FieldStep(name, 0))];

    static string Cut(string name) => name.Length <= 60 ? name : name[..60] + "…";
}
