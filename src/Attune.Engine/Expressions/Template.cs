using System.Text.Json;

namespace Attune.Engine.Expressions;

/// <summary>A mistake in a template. <paramref name="Path"/> is where in the JSON: `hosts[2].name`.</summary>
public sealed record TemplateProblem(string Path, ExpressionProblem Problem);

/// <summary>
/// A JSON value whose texts may hold `{{ … }}`, compiled once. A text that is one expression keeps the JSON type of its value; otherwise
/// what the expressions give is put into the text.
/// </summary>
public sealed class Template
{
    Template() { }

    /// <summary>No expression in it: rendering always gives the same.</summary>
    public bool IsConstant => throw new NotImplementedException();

    /// <summary>Every variable that any text may read, with the path of the text.</summary>
    public IReadOnlyList<(string Path, VariableUse Use, string Text)> Reads => throw new NotImplementedException();

    /// <summary>Null where <paramref name="problems"/> got something: every mistake of every text.</summary>
    public static Template? Parse(JsonElement json, List<TemplateProblem> problems) => throw new NotImplementedException();

    /// <exception cref="TemplateException">The first text that cannot be rendered, with its path.</exception>
    public Value Render(Scope scope, ExpressionLimits limits) => throw new NotImplementedException();
}

public sealed class TemplateException(TemplateProblem problem) : Exception($"{problem.Path}: {problem.Problem.Message}")
{
    public TemplateProblem Problem => problem;
}
