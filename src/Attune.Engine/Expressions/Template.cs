using System.Text.Json;

namespace Attune.Engine.Expressions;

/// <summary>A mistake in a template. <paramref name="Path"/> is where in the JSON: `hosts[2].name`.</summary>
public sealed record TemplateProblem(string Path, ExpressionProblem Problem);

/// <summary>
/// A JSON value whose texts may hold `{{ … }}`, compiled once. A text that is one expression keeps the JSON type of its value; otherwise
/// what the expressions give is put into the text. Names of members are never rendered.
/// </summary>
public sealed class Template
{
    readonly TemplatePart root;

    internal Template(TemplatePart root)
    {
        this.root = root;
        Expressions = [.. root.Expressions];
        Reads = [.. Expressions.SelectMany(each => each.Expression.Reads.Select(use => (each.Path, use, each.Text)))];
    }

    /// <summary>No expression in it: rendering always gives the same.</summary>
    public bool IsConstant => root is TemplateConstant;

    /// <summary>A text of one expression and nothing else: it keeps the kind of the expression's value.</summary>
    internal bool IsOneExpression => root is TemplateText { IsOneExpression: true };

    internal TemplatePart Root => root;

    internal IReadOnlyList<(string Path, string Text, Expression Expression)> Expressions { get; }

    /// <summary>Members of a map, each with its value where that is known already.</summary>
    internal IEnumerable<(string Name, Value? Constant)> MembersNow => root switch
    {
        TemplateMap map => map.Members.Select(member => (member.Name, member.Part is TemplateConstant constant ? constant.Value : (Value?)null)),
        TemplateConstant { Value.Kind: ValueKind.Map } constant => constant.Value.AsMap().Select(member => (member.Key, (Value?)member.Value)),
        _ => [],
    };

    internal IEnumerable<string> MemberNames => MembersNow.Select(member => member.Name);

    /// <summary>Every variable that any text may read, with the path of the text.</summary>
    public IReadOnlyList<(string Path, VariableUse Use, string Text)> Reads { get; }

    /// <summary>Null where <paramref name="problems"/> got something: every mistake of every text.</summary>
    public static Template? Parse(JsonElement json, List<TemplateProblem> problems)
    {
        var reader = new TemplateReader(problems);
        return reader.Read(json) is { } root ? new(root) : null;
    }

    /// <summary>All texts share the limits.</summary>
    /// <exception cref="TemplateException">The first text that cannot be rendered, with its path.</exception>
    public Value Render(Scope scope, ExpressionLimits limits)
    {
        var evaluation = new Evaluation("", scope, limits);
        try
        {
            return root.Render(ref evaluation);
        }
        catch (ExpressionException exception)
        {
            throw new TemplateException(new(evaluation.Place, exception.Problem));
        }
    }
}

public sealed class TemplateException(TemplateProblem problem) : Exception(Sentence(problem))
{
    public TemplateProblem Problem => problem;

    static string Sentence(TemplateProblem problem)
        => problem.Path is "" ? problem.Problem.Message : $"{problem.Path}: {problem.Problem.Message}";
}
