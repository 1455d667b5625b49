namespace Attune.Engine.Expressions;

/// <summary>What an expression may cost. Exceeding one is an <see cref="ExpressionException"/>.</summary>
public sealed record ExpressionLimits
{
    public static ExpressionLimits Default { get; } = new();

    /// <summary>Of the text of one expression, in characters.</summary>
    public const int TextMax = 1 << 16;

    public int Steps { get; init; } = 100_000;

    /// <summary>No parser makes a tree deeper than the default.</summary>
    public int Depth { get; init; } = 100;

    /// <summary>Of everything that one evaluation makes, in characters and items.</summary>
    public int Size { get; init; } = 1 << 20;
}
