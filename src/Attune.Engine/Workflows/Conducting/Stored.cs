using System.Text;
using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>What a value must be like to be stored as JSON in the database and read again.</summary>
static class Stored
{
    /// <summary>Below the depth that readers of JSON allow, so that what holds the value can still be read.</summary>
    public const int DepthMax = 50;

    /// <summary>Bytes of JSON, nearly: what is escaped counts as one character.</summary>
    public static long SizeOf(ValueMap members)
    {
        var size = 2L;
        foreach (var (name, value) in members.Span)
            size += SizeOf(name, value);
        return size;
    }

    public static long SizeOf(string name, Value value) => 4 + Encoding.UTF8.GetByteCount(name) + SizeOf(value);

    /// <summary>As it is once it has been stored and read again: of a number that is whole, JSON does not tell whether it was a double.</summary>
    public static Value Normal(Value value) => IsOther(value, out var normal) ? normal : value;

    public static ValueMap Normal(ValueMap members) => Normal(Value.Of(members)).Members;

    /// <summary>What is wrong with it; null where nothing is.</summary>
    public static string? Problem(Value value, int depth = 0)
    {
        if (depth > DepthMax)
            return $"It is nested deeper than {DepthMax} levels.";

        switch (value.Kind)
        {
            case ValueKind.String:
                return Problem(value.AsString());
            case ValueKind.List:
                foreach (var item in value.Items.Span)
                {
                    if (Problem(item, depth + 1) is { } problem)
                        return problem;
                }

                return null;
            case ValueKind.Map:
                foreach (var (name, member) in value.Members.Span)
                {
                    if ((Problem(name) ?? Problem(member, depth + 1)) is { } problem)
                        return problem;
                }

                return null;
            default:
                return null;
        }
    }

    // Most values are as they were, and are not copied.
    static bool IsOther(Value value, out Value normal)
    {
        normal = value;
        switch (value.Kind)
        {
            case ValueKind.Double when NumberOrder.IsWhole(value.AsDouble(), out var whole):
                normal = Value.Of(whole);
                return true;
            case ValueKind.List:
                Value[]? items = null;
                for (var index = 0; index < value.Items.Count; index++)
                {
                    if (IsOther(value.Items[index], out var item))
                        (items ??= [.. value.Items])[index] = item;
                }

                if (items is not null)
                    normal = Value.Of(new ValueList(items));
                return items is not null;
            case ValueKind.Map:
                List<KeyValuePair<string, Value>>? members = null;
                for (var index = 0; index < value.Members.Count; index++)
                {
                    if (IsOther(value.Members.Span[index].Value, out var member))
                        (members ??= [.. value.Members])[index] = KeyValuePair.Create(value.Members.Span[index].Key, member);
                }

                if (members is not null)
                    normal = Value.Of(ValueMap.Of(members));
                return members is not null;
            default:
                return false;
        }
    }

    public static long SizeOf(Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.String:
                return 2 + Encoding.UTF8.GetByteCount(value.AsString());
            case ValueKind.List:
                var size = 2L;
                foreach (var item in value.Items.Span)
                    size += 1 + SizeOf(item);
                return size;
            case ValueKind.Map:
                return SizeOf(value.Members);
            case ValueKind.Int:
                return value.AsInt() is > -100 and < 1000 ? 3 : 20;
            case ValueKind.Double:
                return 20;
            default:
                return 5;
        }
    }

    static string? Problem(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == '\0')
                return "It holds a character with the code 0, which cannot be stored.";
            if (char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
                index++;
            else if (char.IsSurrogate(text[index]))
                return "It holds half a surrogate pair, which cannot be stored.";
        }

        return null;
    }
}
