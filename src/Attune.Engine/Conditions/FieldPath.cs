using System.Text;
using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>One step of a path: a member's name, or an index where <paramref name="Name"/> is null.</summary>
readonly record struct FieldStep(string? Name, int Index);

/// <summary>A way into a payload: `host.name`, `items[0].id`, `headers["x.y"]` for names with dots or brackets. Equal where the steps are.</summary>
sealed class FieldPath : IEquatable<FieldPath>
{
    const int MaxLength = 500;

    readonly FieldStep[] steps;
    readonly string text;

    FieldPath(FieldStep[] steps, string text) => (this.steps, this.text) = (steps, text);

    public IReadOnlyList<FieldStep> Steps => steps;

    /// <summary>Null where <paramref name="problem"/> says why not.</summary>
    public static FieldPath? Parse(string text, out string? problem)
    {
        problem = text switch
        {
            "" => "is empty: name a field of the payload, as in `host.name` or `items[0].id`.",
            { Length: > MaxLength } => $"has more than {MaxLength} characters.",
            ['{', '{', ..] => "is a path, not an expression: write `host.name`, or the whole condition as a text.",
            _ => null,
        };
        if (problem is not null)
            return null;

        var steps = new List<FieldStep>();
        for (var position = 0; position < text.Length;)
        {
            if (Step(text, steps.Count == 0, ref position) is not { } step)
            {
                problem = $"cannot be read at character {position + 1}: write `host.name`, `items[0].id` or `headers[\"a.b\"]`.";
                return null;
            }

            steps.Add(step);
        }

        return new([.. steps], text);
    }

    public bool TryGet(Value payload, out Value value)
    {
        value = payload;
        foreach (var (name, index) in steps)
        {
            if (name is not null)
            {
                if (!value.TryGet(name, out value))
                    return false;
            }
            else if (value.Kind is ValueKind.List && value.AsList() is var items && index < items.Count)
            {
                value = items[index];
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(FieldPath? other) => other is not null && steps.AsSpan().SequenceEqual(other.steps);

    public override bool Equals(object? obj) => Equals(obj as FieldPath);

    public override int GetHashCode() => steps.Aggregate(0, HashCode.Combine);

    /// <summary>As it was written.</summary>
    public override string ToString() => text;

    // Leaves the position at the mistake where there is one.
    static FieldStep? Step(string text, bool isFirst, ref int position)
    {
        if (text[position] == '[')
            return Bracket(text, ref position);
        if (!isFirst && text[position++] != '.')
        {
            position--;
            return null;
        }

        var end = text.AsSpan(position).IndexOfAny('.', '[', ']');
        var length = end < 0 ? text.Length - position : end;
        if (length == 0)
            return null;

        var name = text.Substring(position, length);
        position += length;
        return new(name, 0);
    }

    static FieldStep? Bracket(string text, ref int position)
    {
        var rest = text.AsSpan(position + 1);
        if (rest is ['"', ..])
            return Quoted(text, ref position);

        var end = rest.IndexOf(']');
        if (end <= 0 || end > 9 || rest[..end].ContainsAnyExceptInRange('0', '9'))
            return null;

        var index = int.Parse(rest[..end]);
        position += end + 2;
        return new(null, index);
    }

    static FieldStep? Quoted(string text, ref int position)
    {
        var name = new StringBuilder();
        for (var at = position + 2; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                name.Append(text[++at]);
            }
            else if (text[at] != '"')
            {
                name.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == ']')
            {
                position = at + 2;
                return new(name.ToString(), 0);
            }
            else
            {
                break;
            }
        }

        return null;
    }
}
