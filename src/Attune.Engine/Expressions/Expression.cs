namespace Attune.Engine.Expressions;

/// <summary>
/// One expression, compiled once and evaluated from any thread. The text is what stands between the braces; texts with braces are
/// <see cref="Template"/>s.
/// </summary>
public sealed class Expression
{
    Expression() { }

    /// <summary>Variables it may read, as written: `event.payload.host`; each once, in the order of the text.</summary>
    public IReadOnlyList<VariableUse> Reads => throw new NotImplementedException();

    /// <exception cref="ExpressionException">What is wrong, at which character, and what was probably meant.</exception>
    public static Expression Parse(string text) => throw new NotImplementedException();

    /// <exception cref="ExpressionException">A missing name, a wrong type, a limit.</exception>
    public Value Evaluate(Scope scope, ExpressionLimits limits) => throw new NotImplementedException();

    /// <summary>Canonical text: parsing it again gives an equal tree.</summary>
    public override string ToString() => throw new NotImplementedException();
}

/// <summary>A variable in an expression. <paramref name="Position"/> counts characters from 0.</summary>
public sealed record VariableUse(IReadOnlyList<string> Path, int Position)
{
    /// <summary>Guarded by default(), coalesce() or the like: it may be missing.</summary>
    public bool IsOptional { get; init; }
}

/// <summary>What an expression may cost. Exceeding one is an <see cref="ExpressionException"/>.</summary>
public sealed record ExpressionLimits
{
    public static ExpressionLimits Default { get; } = new();

    public int Steps { get; init; } = 100_000;

    public int Depth { get; init; } = 100;

    /// <summary>Of everything that one evaluation makes, in characters and items.</summary>
    public int Size { get; init; } = 1 << 20;
}

/// <summary>What names mean while an expression is evaluated.</summary>
public sealed class Scope(IReadOnlyDictionary<string, Value> names, DateTimeOffset now)
{
    public IReadOnlyDictionary<string, Value> Names => names;

    /// <summary>What now() answers: fixed for the whole evaluation.</summary>
    public DateTimeOffset Now => now;
}

/// <summary>A mistake in an expression. <paramref name="Position"/> counts characters from 0; -1 where no character is to blame.</summary>
public sealed record ExpressionProblem(string Text, int Position, string Message)
{
    /// <summary>The message with the line and a caret below the character.</summary>
    public string Pointed => throw new NotImplementedException();
}

public sealed class ExpressionException(ExpressionProblem problem) : Exception(problem.Message)
{
    public ExpressionProblem Problem => problem;
}
