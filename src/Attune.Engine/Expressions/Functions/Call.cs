using System.Text.RegularExpressions;
using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Expressions.Functions;

/// <summary>The arguments of one call.</summary>
readonly ref struct Call(CallNode node, ReadOnlySpan<Value> arguments)
{
    readonly ReadOnlySpan<Value> arguments = arguments;

    public ReadOnlySpan<Value> Arguments => arguments;

    public int Count => arguments.Length;

    public int Position => node.Position;

    public string Name => node.Function.Name;

    public Value this[int index] => arguments[index];

    public string Text(int index) => arguments[index].AsString();

    public string? TextOrNull(int index) => index < Count ? Text(index) : null;

    public ReadOnlySpan<Value> Items(int index) => arguments[index].Items.Span;

    public int PositionOf(int index) => node.Arguments[index].Position;

    public bool Has(int index) => index < Count;

    public LambdaNode? Lambda(int index) => node.Arguments[index] as LambdaNode;

    /// <summary>The regular expression in the argument: compiled before where it is literal.</summary>
    public Regex Pattern(ref Evaluation evaluation, int index)
    {
        if (node.Pattern is { } compiled)
            return compiled;

        return Patterns.Find(Text(index), out var problem)
            ?? throw evaluation.Fail(PositionOf(index), problem!);
    }

    /// <summary>What the argument, a lambda or a member's name, picks of an item.</summary>
    public Value Pick(ref Evaluation evaluation, int index, Value item)
    {
        evaluation.Step(PositionOf(index));
        if (Lambda(index) is { } lambda)
            return evaluation.Apply(lambda, item);

        return item.TryGet(Text(index), out var member)
            ? member
            : throw MissingName.OfMember(evaluation, PositionOf(index), "An item", item, Text(index));
    }

    /// <summary>The same of what must be true or false.</summary>
    public bool Decide(ref Evaluation evaluation, int index, Value item)
    {
        var picked = Pick(ref evaluation, index, item);
        return picked.Kind is ValueKind.Bool
            ? picked.AsBool()
            : throw evaluation.Fail(PositionOf(index), $"{Name}() needs true or false of each item, not {KindNames.Of(picked.Kind)}.");
    }
}
