using Attune.Engine.Expressions.Functions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>What is said of a name that is not there: which, of what, and what is near.</summary>
static class MissingName
{
    // A payload may have any number of names of any length, and a mistake must stay cheap.
    const int CandidatesMax = 200;
    const int LengthMax = 64;

    public static ExpressionException OfVariable(in Evaluation evaluation, int position, string name)
    {
        if (evaluation.IsGuarded)
            return evaluation.Missing(position, "Not known here.");

        var hint = FunctionGroup.Find(name) is null
            ? NearestName.Suggest(name, Candidates(evaluation.Scope.Names.Keys))
            : $" A function is called with parentheses: {name}().";
        return evaluation.Missing(position, $"'{Cut(name)}' is not known here.{hint}");
    }

    /// <param name="where">What it was looked for in, as it begins a sentence.</param>
    public static ExpressionException OfMember(in Evaluation evaluation, int position, string where, Value value, string name)
    {
        return value.Kind switch
        {
            ValueKind.Map or ValueKind.Null when evaluation.IsGuarded => evaluation.Missing(position, "Missing."),
            ValueKind.Map => evaluation.Missing(
                position, $"{where} has no '{Cut(name)}'.{NearestName.Suggest(name, Candidates(value.Members.Keys))}"),
            ValueKind.Null => evaluation.Missing(position, $"{where} is null, so it has no '{Cut(name)}'."),
            _ => evaluation.Fail(position, $"{where} is {KindNames.Of(value.Kind)}, so it has no '{Cut(name)}'."),
        };
    }

    public static string Quoted(string expression) => $"`{Cut(expression)}`";

    public static string Cut(string name) => name.Length <= LengthMax ? name : ValueJson.Cut(name, LengthMax) + "…";

    static string[] Candidates(IEnumerable<string> names) => [.. names.Where(name => name.Length <= LengthMax).Take(CandidatesMax)];
}
