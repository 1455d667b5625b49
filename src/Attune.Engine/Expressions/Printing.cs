using System.Globalization;
using System.Text;
using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Expressions;

/// <summary>Writes trees as text that gives the same trees again.</summary>
static class Printing
{
    public static string Text(Node node)
    {
        var text = new StringBuilder();
        node.Print(text);
        return text.ToString();
    }

    /// <summary>In parentheses where it binds weaker than its place asks for.</summary>
    public static void Operand(StringBuilder text, Node node, Precedence least)
    {
        if (node.Precedence >= least)
        {
            node.Print(text);
            return;
        }

        text.Append('(');
        node.Print(text);
        text.Append(')');
    }

    public static void Separated(StringBuilder text, IEnumerable<Node> nodes)
    {
        var isFirst = true;
        foreach (var node in nodes)
        {
            text.Append(isFirst ? "" : ", ");
            node.Print(text);
            isFirst = false;
        }
    }

    public static string Path(IReadOnlyList<string> path)
    {
        var text = new StringBuilder(path[0]);
        foreach (var name in path.Skip(1))
            Member(text, name);
        return text.ToString();
    }

    public static void Member(StringBuilder text, string name)
    {
        if (Lexer.IsName(name))
            text.Append('.').Append(name);
        else
            Literal(text.Append('['), name).Append(']');
    }

    public static void Literal(StringBuilder text, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                text.Append("null");
                break;
            case ValueKind.Bool:
                text.Append(value.AsBool() ? "true" : "false");
                break;
            case ValueKind.Int:
                text.Append(CultureInfo.InvariantCulture, $"{value.AsInt()}");
                break;
            case ValueKind.Double:
                var digits = value.AsDouble().ToString("R", CultureInfo.InvariantCulture);
                text.Append(digits).Append(digits.AsSpan().ContainsAny('.', 'E') ? "" : ".0");
                break;
            default:
                Literal(text, value.AsString());
                break;
        }
    }

    public static StringBuilder Literal(StringBuilder text, string literal)
    {
        text.Append('\'');
        foreach (var character in literal)
        {
            _ = character switch
            {
                '\'' or '\\' => text.Append('\\').Append(character),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ when char.IsControl(character) || char.IsSurrogate(character)
                    => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => text.Append(character),
            };
        }

        return text.Append('\'');
    }
}
