using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>
/// A condition, compiled. Where a part cannot be decided the others still count: a part that does not match settles an `all`, one that matches
/// settles an `any`. So neither the order of the parts nor which of them an index looks at changes the verdict.
/// </summary>
abstract class ConditionNode
{
    public abstract ConditionVerdict Evaluate(ref Evaluation evaluation);

    /// <summary>The condition in a few words, for the explanation of a `not`.</summary>
    public abstract string Words { get; }

    /// <summary>Every part of the payload that it looks at.</summary>
    public abstract IEnumerable<IReadOnlyList<FieldStep>> Looks { get; }

    public sealed class All(IReadOnlyList<ConditionNode> parts) : ConditionNode
    {
        readonly ConditionNode[] inOrder = [.. parts];

        // Expressions cost most, so they come last unless somebody asks which part is the first that does not match.
        readonly ConditionNode[] cheapFirst = [.. parts.OrderBy(part => part is Expression)];

        public IReadOnlyList<ConditionNode> Parts => inOrder;

        public override IEnumerable<IReadOnlyList<FieldStep>> Looks => inOrder.SelectMany(part => part.Looks);

        public override string Words => inOrder.Length == 1 ? inOrder[0].Words : $"all of {inOrder.Length} conditions";

        public override ConditionVerdict Evaluate(ref Evaluation evaluation)
        {
            var start = evaluation.Said;
            var verdict = ConditionVerdict.Matched;
            foreach (var part in evaluation.Text is null ? cheapFirst : inOrder)
            {
                var before = evaluation.Said;
                switch (part.Evaluate(ref evaluation))
                {
                    case ConditionVerdict.Unmatched:
                        evaluation.Text?.Remove(start, before - start);
                        return ConditionVerdict.Unmatched;
                    case ConditionVerdict.Failed when verdict is ConditionVerdict.Failed:
                        evaluation.Forget(before);
                        break;
                    case ConditionVerdict.Failed:
                        verdict = ConditionVerdict.Failed;
                        break;
                }
            }

            return verdict;
        }
    }

    public sealed class Any(IReadOnlyList<ConditionNode> parts) : ConditionNode
    {
        const int Shown = 3;
        const int LengthMax = 500;

        readonly ConditionNode[] inOrder = [.. parts];
        readonly ConditionNode[] cheapFirst = [.. parts.OrderBy(part => part is Expression)];

        public IReadOnlyList<ConditionNode> Parts => inOrder;

        public override IEnumerable<IReadOnlyList<FieldStep>> Looks => inOrder.SelectMany(part => part.Looks);

        public override string Words => inOrder.Length == 1 ? inOrder[0].Words : $"any of {inOrder.Length} conditions";

        public override ConditionVerdict Evaluate(ref Evaluation evaluation)
        {
            var start = evaluation.Said;
            var (verdict, done, hidden) = (ConditionVerdict.Unmatched, 0, 0);
            foreach (var part in evaluation.Text is null ? cheapFirst : inOrder)
            {
                var before = evaluation.Said;
                if (done > 0)
                    evaluation.Explain("; ");
                var said = evaluation.Said;
                switch (part.Evaluate(ref evaluation))
                {
                    case ConditionVerdict.Matched:
                        evaluation.Forget(start);
                        return ConditionVerdict.Matched;
                    case ConditionVerdict.Failed when verdict is ConditionVerdict.Unmatched:
                        // What cannot be decided is what people have to know; the rest did its part.
                        verdict = ConditionVerdict.Failed;
                        evaluation.Text?.Remove(start, said - start);
                        break;
                    case var _ when verdict is ConditionVerdict.Failed || done >= Shown || before - start > LengthMax:
                        evaluation.Forget(before);
                        hidden++;
                        break;
                }

                done++;
            }

            if (verdict is ConditionVerdict.Unmatched && hidden > 0)
                evaluation.Explain($"; and {hidden} more");
            return verdict;
        }
    }

    public sealed class Not(ConditionNode part) : ConditionNode
    {
        public override string Words => $"not ({part.Words})";

        public override IEnumerable<IReadOnlyList<FieldStep>> Looks => part.Looks;

        public override ConditionVerdict Evaluate(ref Evaluation evaluation)
        {
            var start = evaluation.Said;
            switch (part.Evaluate(ref evaluation))
            {
                case ConditionVerdict.Failed:
                    return ConditionVerdict.Failed;
                case ConditionVerdict.Unmatched:
                    evaluation.Forget(start);
                    return ConditionVerdict.Matched;
                default:
                    evaluation.Explain(Words, "it matches");
                    return ConditionVerdict.Unmatched;
            }
        }
    }

    public sealed class Field(FieldPath path, string name, FieldTest test, Value? literal) : ConditionNode
    {
        const int ShownMax = 80;

        public FieldPath Path => path;

        public FieldTest Test => test;

        /// <summary>`not_equals` is `equals` turned round, also where the field is missing.</summary>
        public bool IsNegated { get; init; }

        public bool IsSecret { get; init; }

        public override IEnumerable<IReadOnlyList<FieldStep>> Looks => [path.Steps];

        public override string Words => literal is { } value ? $"{Cut(path)} {name} {Shown(value)}" : $"{Cut(path)} {name}";

        public override ConditionVerdict Evaluate(ref Evaluation evaluation)
        {
            var isThere = path.TryGet(evaluation.Payload, out var value);
            if ((isThere ? test.Holds(value, ref evaluation) : false) is not { } holds)
            {
                if (evaluation.Text is not null)
                {
                    var limit = (test as FieldTest.Pattern)?.TimeMax.TotalMilliseconds;
                    evaluation.Explain(Words, evaluation.IsOver ? evaluation.Over : $"a pattern took longer than {limit} ms; simplify it");
                }

                return ConditionVerdict.Failed;
            }

            if (holds != IsNegated)
                return ConditionVerdict.Matched;

            if (evaluation.Text is not null)
                evaluation.Explain(Words, isThere ? $"it is {Shown(value)}" : "it is missing");
            return ConditionVerdict.Unmatched;
        }

        string Shown(Value value) => IsSecret ? "***" : value.Show(ShownMax);

        static string Cut(FieldPath path) => path.ToString() is { Length: > ShownMax } text ? text[..ShownMax] + "…" : path.ToString();
    }

    /// <param name="readsSecret">What it saw, and what it says when it fails, could show a secret.</param>
    public sealed class Expression(Expressions.Expression expression, string text, bool readsSecret) : ConditionNode
    {
        const int ShownMax = 120;
        const int SeenMax = 3;
        const int SeenLengthMax = 60;

        public override string Words => text.Length <= ShownMax ? text : text[..ShownMax] + "…";

        public override IEnumerable<IReadOnlyList<FieldStep>> Looks
            => expression.Reads.Where(ExpressionReader.LooksAtPayload).Select(ExpressionReader.StepsOf);

        public override ConditionVerdict Evaluate(ref Evaluation evaluation)
        {
            if (evaluation.IsOver)
            {
                evaluation.Explain(Words, evaluation.Over);
                return ConditionVerdict.Failed;
            }

            Value value;
            try
            {
                value = expression.Evaluate(evaluation.Scope, ExpressionLimits.Default);
            }
            catch (ExpressionException exception)
            {
                evaluation.Explain(Words, readsSecret ? "it cannot be evaluated; why could show a secret" : exception.Message);
                return ConditionVerdict.Failed;
            }

            if (value.Kind is not ValueKind.Bool)
            {
                if (evaluation.Text is not null)
                    evaluation.Explain(Words, $"it gives {KindNames.Of(value.Kind)}, not true or false");
                return ConditionVerdict.Failed;
            }

            if (value.AsBool())
                return ConditionVerdict.Matched;
            if (evaluation.Text is not null)
                evaluation.Explain(Words, $"it is false{Seen(evaluation.Scope)}");
            return ConditionVerdict.Unmatched;
        }

        string Seen(Scope scope)
        {
            if (readsSecret)
                return "";
            var seen = expression.Reads
                .Take(SeenMax)
                .Select(use => Find(scope, use.Path) is { } value ? $"{use} is {value.Show(SeenLengthMax)}" : $"{use} is missing");
            return string.Join(", ", seen) is { Length: > 0 } values ? $" where {values}" : "";
        }

        static Value? Find(Scope scope, IReadOnlyList<string> path)
        {
            if (!scope.Names.TryGetValue(path[0], out var value))
                return null;
            for (var i = 1; i < path.Count; i++)
            {
                if (!value.TryGet(path[i], out value))
                    return null;
            }

            return value;
        }
    }
}
