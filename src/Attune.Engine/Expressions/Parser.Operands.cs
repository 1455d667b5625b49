using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions.Functions;
using Attune.Engine.Expressions.Nodes;
using Attune.Engine.Schemas;

namespace Attune.Engine.Expressions;

sealed partial class Parser
{
    static readonly string[] Reserved = ["and", "else", "false", "if", "in", "not", "null", "or", "true"];

    Node Postfix()
    {
        var node = Primary();
        while (IsPostfix(token))
        {
            node = token.Text switch
            {
                "." => Member(node),
                "[" => Bracket(node),
                _ => Filter(node),
            };
        }

        return node;
    }

    Node Primary()
    {
        var here = token;
        switch (here.Kind)
        {
            case TokenKind.Number:
                Take();
                return Number(here);
            case TokenKind.String:
                Take();
                return new ConstantNode(here.Position, Value.Of(here.Text));
            case TokenKind.Name when following.IsSymbol("("):
                Take();
                return Call(here, null);
            case TokenKind.Name:
                return Name();
            case TokenKind.Symbol when here.Text is "(":
                Take();
                var inner = Expression();
                Expect(")", "behind what the parenthesis began");
                return inner;
            case TokenKind.Symbol when here.Text is "[":
                Take();
                return Made(new ListNode(here.Position, Items("]", "behind the items of the list")));
            case TokenKind.Symbol when here.Text is "{":
                return Map();
            default:
                throw Unexpected();
        }
    }

    ConstantNode Number(Token number)
    {
        if (long.TryParse(number.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole))
            return new(number.Position, Value.Of(whole));
        if (number.Text.All(char.IsAsciiDigit))
            throw Fail(number.Position, "The int does not fit 64 bits; with `.0` behind it, it is a double.");

        var value = double.Parse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value)
            ? new(number.Position, Value.Of(value))
            : throw Fail(number.Position, "The number is too large for a double.");
    }

    Node Name()
    {
        var name = Take();
        switch (name.Text)
        {
            case "null":
                return new ConstantNode(name.Position, Value.Null);
            case "true" or "false":
                return new ConstantNode(name.Position, Value.Of(name.Text is "true"));
            case var word when Reserved.Contains(word):
                throw Fail(name.Position, $"Unexpected `{word}`: a value is missing before it.");
        }

        var slot = parameters.LastIndexOf(name.Text);
        return slot >= 0
            ? new LocalNode(name.Position, name.Text, slot)
            : new VariableNode(name.Position, [name.Text], [name.Position]);
    }

    Node Member(Node target)
    {
        Take();
        if (token.Kind is not TokenKind.Name)
            throw Fail(token.Position, $"A name belongs behind the dot, not {token.Shown}; other names are written as ['…'].");

        var name = Take();
        return Member(target, name.Text, name.Position);
    }

    Node Member(Node target, string name, int position)
    {
        if (target is not VariableNode variable)
            return Made(new MemberNode(position, target, name));
        if (variable.Path.Count >= ExpressionLimits.Default.Depth)
            throw TooDeep(position);

        return new VariableNode(variable.Position, [.. variable.Path, name], [.. variable.Places, position]);
    }

    Node Bracket(Node target)
    {
        var position = Take().Position;
        var first = token.IsSymbol(":") ? null : Expression();
        if (token.IsSymbol(":"))
        {
            Take();
            var end = token.IsSymbol("]") ? null : Expression();
            Expect("]", "behind the part that is taken");
            return Made(new SliceNode(position, target, first, end));
        }

        Expect("]", "behind the index");
        return first is ConstantNode { Value: { Kind: ValueKind.String } name }
            ? Member(target, name.AsString(), first.Position)
            : Made(new IndexNode(position, target, first!));
    }

    Node Filter(Node subject)
    {
        Take();
        if (token.Kind is not TokenKind.Name)
            throw Fail(token.Position, $"The name of a function belongs behind `|`, not {token.Shown}.");

        return Call(Take(), subject);
    }

    Node Call(Token name, Node? subject)
    {
        var function = FunctionGroup.Find(name.Text) ?? throw Fail(name.Position, UnknownFunction(name.Text));
        var arguments = new List<Node>();
        if (subject is not null)
            arguments.Add(subject);
        if (subject is null || token.IsSymbol("("))
        {
            Take();
            Arguments(function, arguments);
        }

        if (arguments.Count < function.ArgumentsMin || arguments.Count > function.ArgumentsMax)
            throw Fail(name.Position, $"{function.Name}() cannot take {Counted(arguments.Count)}: it is {function.Signature}.");

        return function.IsGuard
            ? Made(new GuardNode(name.Position, function, arguments))
            : Made(new CallNode(name.Position, function, arguments, Pattern(function, arguments)));
    }

    void Arguments(Function function, List<Node> arguments)
    {
        while (!token.IsSymbol(")"))
        {
            arguments.Add(following.IsSymbol("=>") ? Lambda(function, arguments.Count) : Expression());
            if (!token.IsSymbol(","))
                break;
            Take();
            if (token.IsSymbol(")"))
                throw Unexpected();
        }

        Expect(")", $"behind the arguments of {function.Name}()");
    }

    LambdaNode Lambda(Function function, int index)
    {
        if (token.Kind is not TokenKind.Name || Reserved.Contains(token.Text))
            throw Fail(token.Position, $"A name belongs before `=>`, not {token.Shown}.");
        if (function.Parameters.Length == 0 || !function.ParameterAt(index).TakesLambda)
            throw Fail(following.Position, $"{function.Name}() takes no `item => …` here: it is {function.Signature}.");

        var parameter = Take();
        Take();
        parameters.Add(parameter.Text);
        localCount = Math.Max(localCount, parameters.Count);
        var body = Expression();
        parameters.RemoveAt(parameters.Count - 1);
        return Made(new LambdaNode(parameter.Position, parameter.Text, parameters.Count, body));
    }

    List<Node> Items(string end, string place)
    {
        var items = new List<Node>();
        while (!token.IsSymbol(end))
        {
            items.Add(Expression());
            if (!token.IsSymbol(","))
                break;
            Take();
            if (token.IsSymbol(end))
                throw Unexpected();
        }

        Expect(end, place);
        return items;
    }

    MapNode Map()
    {
        var position = Take().Position;
        var (names, values, known) = (new List<string>(), new List<Node>(), new HashSet<string>(StringComparer.Ordinal));
        while (!token.IsSymbol("}"))
        {
            if (token.IsSymbol("{"))
                throw Fail(position, "`{{` begins an expression only inside of a text: here it stands without `{{` and `}}`.");
            if (token.Kind is not (TokenKind.Name or TokenKind.String))
                throw Fail(token.Position, $"A name belongs before the `:`, bare or in quotes, not {token.Shown}.");
            if (!known.Add(token.Text))
                throw Fail(token.Position, $"The map has '{MissingName.Cut(token.Text)}' twice.");

            names.Add(Take().Text);
            Expect(":", "behind the name");
            values.Add(Expression());
            if (!token.IsSymbol(","))
                break;
            Take();
            if (token.IsSymbol("}"))
                throw Unexpected();
        }

        Expect("}", "behind the members of the map");
        return Made(new MapNode(position, names, values));
    }

    Regex? Pattern(Function function, List<Node> arguments)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            if (function.ParameterAt(index).IsPattern && arguments[index].Constant is { Kind: ValueKind.String } pattern)
            {
                return Patterns.Compile(pattern.AsString(), out var problem)
                    ?? throw Fail(arguments[index].Position, problem!);
            }
        }

        return null;
    }

    static string UnknownFunction(string name)
    {
        var alias = name switch
        {
            "len" or "size" => " Write length().",
            "str" or "text" => " Write string().",
            "float" or "double" => " Write number().",
            "first" or "last" => " Write x[0] or x[-1].",
            "matches" or "regex_match" => " Write match().",
            "substring" or "substr" => " Write x[0:3].",
            "has" or "exists" => " Write `'name' in x`.",
            "if" or "not" => $" Write `{name}` without parentheses directly behind it.",
            _ => name.Length <= 100 ? NearestName.Suggest(name, [.. FunctionGroup.Names]) : "",
        };
        return $"There is no function '{MissingName.Cut(name)}'.{alias}";
    }

    static string Counted(int arguments) => arguments switch
    {
        0 => "no argument",
        1 => "1 argument",
        _ => $"{arguments} arguments",
    };
}
