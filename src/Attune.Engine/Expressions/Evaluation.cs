namespace Attune.Engine.Expressions;

/// <summary>
/// One evaluation: what it may read, and what is left of what it may cost. Passed by reference, so that it costs no allocation.
/// </summary>
struct Evaluation(string text, Scope scope, ExpressionLimits limits)
{
    // Long texts and lists are looked at faster than a step each.
    const int WeightPerStep = 64;

    int steps = limits.Steps;
    long size = limits.Size;
    TimeSpan matching = Patterns.TimePerEvaluation;
    Value[] locals = [];

    public readonly Scope Scope => scope;

    /// <summary>Of the expression at hand: a template evaluates several under the same limits.</summary>
    public string Text { readonly get; private set; } = text;

    /// <summary>Where in a template it is: see <see cref="TemplateProblem"/>.</summary>
    public string Place { readonly get; set; } = "";

    public Value Run(Expression expression)
    {
        Text = expression.Text;
        if (expression.Root.Depth > limits.Depth)
            throw Fail(-1, $"The expression is nested deeper than {limits.Depth} levels.");
        if (locals.Length < expression.LocalCount)
            locals = new Value[expression.LocalCount];
        return expression.Root.Evaluate(ref this);
    }

    public void Step(int position)
    {
        if (--steps < 0)
            throw OutOfSteps(position);
    }

    /// <summary>For whatever looks at that many characters or items at once.</summary>
    public void Work(int position, long weight)
    {
        var cost = weight / WeightPerStep;
        if (cost > steps)
            throw OutOfSteps(position);
        steps -= (int)cost;
    }

    /// <summary>Before as many characters or items are made.</summary>
    public void Charge(int position, long amount)
    {
        size -= amount;
        if (size < 0)
            throw TooLarge(position);
    }

    public Value Made(int position, string made)
    {
        Charge(position, made.Length);
        return Value.Of(made);
    }

    public Value Made(int position, Value[] items)
    {
        Charge(position, items.Length + 1L);
        return Bounded(position, Value.Of(new ValueList(items)));
    }

    public Value Made(int position, List<KeyValuePair<string, Value>> members)
    {
        Charge(position, members.Count + 1L);
        return Bounded(position, Value.Of(ValueMap.Of(members)));
    }

    /// <summary>Whether what is missing will be forgiven, so that nobody reads what is said of it.</summary>
    public bool IsGuarded { readonly get; set; }

    public readonly Value Local(int slot) => locals[slot];

    public Value Apply(Nodes.LambdaNode lambda, Value argument)
    {
        locals[lambda.Slot] = argument;
        return lambda.Body.Evaluate(ref this);
    }

    /// <summary>Takes what a match took from what all matches of this evaluation may take.</summary>
    public void Matched(int position, TimeSpan took)
    {
        matching -= took;
        if (matching < TimeSpan.Zero)
            throw Fail(position, "Matching regular expressions takes too long: simplify the pattern or shorten the text.");
    }

    public readonly ExpressionException Fail(int position, string message) => new(new(Text, position, message));

    public readonly ExpressionException Missing(int position, string message) => new(new(Text, position, message)) { IsMissing = true };

    // A list of lists of the same list is small in memory, and endless when written.
    readonly Value Bounded(int position, Value made) => made.Weight <= limits.Size ? made : throw TooLarge(position);

    readonly ExpressionException OutOfSteps(int position) => Fail(position, $"The expression takes more than {limits.Steps} steps.");

    readonly ExpressionException TooLarge(int position)
        => Fail(position, $"The expression makes more than {limits.Size} characters and items.");
}
