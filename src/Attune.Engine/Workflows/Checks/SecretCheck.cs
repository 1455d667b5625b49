using Attune.Engine.Expressions;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>
/// A secret may only go where it stays one: into a secret parameter. What is published, asked or decided upon is shown to everybody.
/// </summary>
sealed class SecretCheck(WorkflowCheckSurroundings around, Mistakes mistakes)
{
    public void Check(ExpressionPlace place)
    {
        foreach (var use in place.Expression.Reads)
        {
            if (FindSecret(use) is not { } secret)
                continue;

            var read = string.Join('.', use.Path.Select(Mistakes.Cut));
            if (place.InputPath is not { } target)
                Report(place, use, $"'{read}' holds the secret '{secret}', which may only go into an `input` that is secret there too.");
            else if (Called(place) is { } parameters && !parameters.IsSecret(target))
                Report(place, use, $"'{read}' holds the secret '{secret}', and this parameter is shown to everybody. Give it to a secret parameter.");
        }
    }

    string? FindSecret(VariableUse use) => use.Path switch
    {
        ["parameters", ..] => around.Parameters?.FindSecret(string.Join('.', use.Path.Skip(1))),
        ["pack"] or ["pack", "config", ..] => around.PackConfig?.FindSecret(string.Join('.', use.Path.Skip(2))),
        _ => null,
    };

    Schema? Called(ExpressionPlace place) => around.Actions?.GetValueOrDefault(place.Task?.ActionRef ?? "")?.Parameters;

    void Report(ExpressionPlace place, VariableUse use, string message)
        => mistakes.Report(place.Path, new ExpressionProblem("", use.Position, message));
}
