using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>A name of the scope and members below it: `event.payload.host`.</summary>
/// <param name="places">Of each part of the path, for errors.</param>
sealed class VariableNode(int position, string[] path, int[] places) : Node(position)
{
    public IReadOnlyList<string> Path => path;

    public IReadOnlyList<int> Places => places;

    public override Value Evaluate(ref Evaluation evaluation)
        => Find(ref evaluation, out var value) is var found && found == path.Length ? value : throw Missing(evaluation, value, found);

    public override bool TryEvaluate(ref Evaluation evaluation, out Value value)
    {
        var found = Find(ref evaluation, out value);
        if (found > 0 && found < path.Length && value.Kind is not (ValueKind.Map or ValueKind.Null))
            throw Missing(evaluation, value, found);
        return found == path.Length;
    }

    public override void Print(StringBuilder text) => text.Append(Printing.Path(path));

    // How many parts of the path were found, and what the last of them is.
    int Find(ref Evaluation evaluation, out Value value)
    {
        evaluation.Step(Position);
        if (!evaluation.Scope.Names.TryGetValue(path[0], out value))
            return 0;

        for (var index = 1; index < path.Length; index++)
        {
            if (!value.TryGet(path[index], out var member))
                return index;
            value = member;
        }

        return path.Length;
    }

    ExpressionException Missing(in Evaluation evaluation, Value last, int found) => found == 0
        ? MissingName.OfVariable(evaluation, places[0], path[0])
        : MissingName.OfMember(evaluation, places[found], MissingName.Quoted(Printing.Path(path[..found])), last, path[found]);
}
