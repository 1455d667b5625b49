using System.Globalization;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>What was found wrong. A definition may be made to hold any number of mistakes, so only the first are looked at closely.</summary>
sealed class Mistakes(List<WorkflowProblem> problems)
{
    public const int Max = 100;

    // A name is compared with each candidate, and there may be ten thousand of both.
    const int ComparisonsMax = 100_000;

    int count;
    int comparisons;

    public bool IsNone => count == 0;

    /// <summary>Nothing more will be listed, so that looking closer is in vain.</summary>
    public bool IsEnough => count > Max;

    public void Report(string path, string message)
    {
        if (IsEnough)
            return;

        problems.Add(++count > Max ? new("", $"There are more than {Max} mistakes; the others are not listed.") : new(path, message));
    }

    public void Report(string path, ExpressionProblem problem) => Report(
        path,
        problem.Position < 0 ? problem.Message : string.Create(CultureInfo.InvariantCulture, $"{problem.Message} (character {problem.Position + 1})"));

    /// <summary>` Did you mean 'x'?`, or nothing.</summary>
    public string Near(string name, IReadOnlyCollection<string> candidates)
        => IsEnough || (comparisons += candidates.Count) > ComparisonsMax ? "" : NearestName.Suggest(name, candidates);

    public static string Under(string path, string below) => (path, below) switch
    {
        (_, "") => path,
        ("", _) => below,
        (_, ['[', ..]) => path + below,
        _ => $"{path}.{below}",
    };

    public static string Cut(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
