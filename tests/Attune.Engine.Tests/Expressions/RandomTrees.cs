using System.Collections;
using System.Reflection;
using Attune.Engine.Expressions;
using Attune.Engine.Expressions.Functions;
using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Tests.Expressions;

/// <summary>Trees as the parser makes them, at random, with everything that the language has.</summary>
sealed class RandomTrees(Random random)
{
    static readonly string[] Roots = ["event", "rule", "missing", "_x1", "now"];
    static readonly string[] Members = ["payload", "host", "name", "size", "tags", "if", "not", "x-id", "", "a b", "it's", "ü", "\n\\"];
    static readonly string[] Texts = ["", "a", "it's", "\"", "\\", "{{ }}", "\n\t\u0001", "😀ü", "2026-01-31T10:00:00Z", "days", "Europe/Berlin", "1.5", "name", "yyyy-MM-dd", "[1]"];
    static readonly string[] Patterns = ["a+", "^(x|y)$", "(?<n>.)", "(?=a)b", "[0-9]+"];
    static readonly double[] Doubles = [0, -0.0, 1, 0.5, -2.25, 1e300, -1e-300, 1e20, 123456789.125];
    static readonly long[] Ints = [0, 1, -1, 7, -42, 1000, long.MaxValue, long.MinValue];
    static readonly Function[] Functions = [.. FunctionGroup.All.SelectMany(group => group.Functions)];

    readonly List<string> parameters = [];

    public Node Next(int depth)
    {
        var kind = depth <= 1 ? random.Next(3) : random.Next(18);
        return kind switch
        {
            0 => Constant(),
            1 or 2 => Name(),
            3 => new ListNode(0, Many(depth, 0)),
            4 => Map(depth),
            5 => new NotNode(0, Next(depth - 1)),
            6 => new NegateNode(0, Next(depth - 1)),
            7 => new ArithmeticNode(0, Any<ArithmeticOperator>(), Next(depth - 1), Next(depth - 1)),
            8 => new ComparisonNode(0, Any<ComparisonOperator>(), Next(depth - 1), Next(depth - 1)),
            9 => new LogicNode(0, random.Next(2) == 0, Many(depth, 2)),
            10 => new ConcatNode(0, Many(depth, 2)),
            11 => new ConditionalNode(0, Next(depth - 1), Next(depth - 1), Next(depth - 1)),
            12 => Member(depth),
            13 => Index(depth),
            14 => new SliceNode(0, Next(depth - 1), random.Next(2) == 0 ? null : Next(depth - 1), random.Next(2) == 0 ? null : Next(depth - 1)),
            _ => Call(depth),
        };
    }

    /// <summary>Everything about a tree but its positions.</summary>
    public static string Shape(object? part) => part switch
    {
        null => "-",
        Node node => $"{node.GetType().Name}({string.Join(' ', Parts(node))})",
        Function function => function.Name,
        Value value => $"{value.Kind}:{(value.Kind is ValueKind.Double ? BitConverter.DoubleToInt64Bits(value.AsDouble()) : value)}",
        string text => $"'{text}'",
        IEnumerable list => $"[{string.Join(' ', list.Cast<object?>().Select(Shape))}]",
        _ => part.ToString()!,
    };

    static IEnumerable<string> Parts(Node node)
        => from property in node.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
           where property.Name is not ("Children" or "Constant" or "Places" or "Precedence" or "Pattern" or "IsNegative")
           select Shape(property.GetValue(node));

    T Of<T>(IReadOnlyList<T> all) => all[random.Next(all.Count)];

    T Any<T>() where T : struct, Enum => Of(Enum.GetValues<T>());

    List<Node> Many(int depth, int least) => [.. Enumerable.Range(0, least + random.Next(3)).Select(_ => Next(depth - 1))];

    ConstantNode Constant() => new(0, random.Next(6) switch
    {
        0 => Value.Null,
        1 => Value.Of(random.Next(2) == 0),
        2 or 3 => Value.Of(Of(Ints)),
        4 => Value.Of(Of(Doubles)),
        _ => Value.Of(Of(Texts)),
    });

    Node Name()
    {
        if (parameters.Count > 0 && random.Next(2) == 0)
        {
            var slot = random.Next(parameters.Count);
            return new LocalNode(0, parameters[slot], slot);
        }

        string[] path = [Of(Roots), .. Enumerable.Range(0, random.Next(4)).Select(_ => Of(Members))];
        return new VariableNode(0, path, new int[path.Length]);
    }

    MapNode Map(int depth)
    {
        var names = Enumerable.Range(0, random.Next(4)).Select(_ => Of(Members)).Distinct().ToList();
        return new(0, names, [.. names.Select(_ => Next(depth - 1))]);
    }

    // The parser makes longer paths of these.
    Node Member(int depth) => Next(depth - 1) is var target && target is VariableNode ? target : new MemberNode(0, target, Of(Members));

    Node Index(int depth)
    {
        var index = Next(depth - 1);
        return index is ConstantNode { Value.Kind: ValueKind.String } ? index : new IndexNode(0, Next(depth - 1), index);
    }

    Node Call(int depth)
    {
        var function = Of(Functions);
        var count = random.Next(function.ArgumentsMin, Math.Min(function.ArgumentsMax, 6) + 1);
        var arguments = Enumerable.Range(0, count).Select(index => Argument(function.ParameterAt(index), depth)).ToList();
        return function.IsGuard ? new GuardNode(0, function, arguments) : new CallNode(0, function, arguments, null);
    }

    Node Argument(Parameter parameter, int depth)
    {
        if (parameter.IsPattern)
            return new ConstantNode(0, Value.Of(Of(Patterns)));
        if (!parameter.TakesLambda || random.Next(3) == 0)
            return Next(depth - 1);

        var slot = parameters.Count;
        parameters.Add($"p{slot}");
        var lambda = new LambdaNode(0, parameters[slot], slot, Next(depth - 1));
        parameters.RemoveAt(slot);
        return lambda;
    }
}
