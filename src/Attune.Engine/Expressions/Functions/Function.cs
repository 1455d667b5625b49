namespace Attune.Engine.Expressions.Functions;

/// <summary>What a function does with its evaluated arguments, whose kinds have been checked.</summary>
delegate Value FunctionBody(ref Evaluation evaluation, Call call);

/// <summary>One function of the language: everything that parser, evaluator and reference page know about it.</summary>
/// <param name="Doc">What it gives, in plain words: the sentence of the reference page.</param>
sealed record Function(string Name, Parameter[] Parameters, string Doc, FunctionBody Body)
{
    static readonly FunctionBody Guarding = (ref _, _) => throw new InvalidOperationException("A guard evaluates its arguments itself.");

    /// <summary>Expressions and the JSON that they give: shown on the reference page, and run as tests.</summary>
    public (string Expression, string Json)[] Examples { get; init; } = [];

    /// <summary>default() and coalesce(): their arguments may be missing.</summary>
    public bool IsGuard => Body == Guarding;

    public int ArgumentsMin => Parameters.Count(parameter => !parameter.IsOptional);

    public int ArgumentsMax => Parameters is [.., { IsRest: true }] ? int.MaxValue : Parameters.Length;

    public static Function Guard(string name, Parameter[] parameters, string doc) => new(name, parameters, doc, Guarding);

    public Parameter ParameterAt(int index) => Parameters[Math.Min(index, Parameters.Length - 1)];

    /// <summary>`split(text, separator?, …)`.</summary>
    public string Signature => $"{Name}({string.Join(", ", Parameters.Select(parameter => parameter.Shown))})";
}
