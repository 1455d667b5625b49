using System.Text;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>Compares what came of a case with what it expects.</summary>
static partial class Verdict
{
    /// <summary>Null where all is as expected; otherwise both in one text, with `-` before what is missing and `+` before what was not expected.</summary>
    public static string? Of(Case story, Stage stage)
    {
        var (expected, actual) = (Lines(story.Expected.Sequence), stage.Lines.Select(Squeezed).ToList());
        Compare(story.Expected, stage.Main, expected, actual);
        CompareCheck(story.Expected.Check, stage.Problems, expected, actual);
        return expected.SequenceEqual(actual) ? null : Difference(expected, actual);
    }

    /// <summary>What was played, where it broke off.</summary>
    public static string SoFar(Stage stage) => string.Join('\n', stage.Lines);

    static List<string> Lines(string text)
        => [.. text.Split('\n').Select(Squeezed).Where(line => line.Length > 0)];

    static void Compare(Expected expected, PretendRun run, List<string> wanted, List<string> actual)
    {
        var state = run.State;
        Add("status", expected.Status, Telling.State(state));
        var output = run.Finished?.Output ?? Value.Of(ValueMap.Empty);
        Add("output", Telling.Show(expected.Output), output == expected.Output ? Telling.Show(expected.Output) : Telling.Show(output));
        AddError("error", expected.Error, run.Finished is { } finished ? finished.Error : state.Error);
        if (expected.Variables is { } variables)
        {
            var published = Value.Of(state.Variables);
            Add("variables", Telling.Show(variables), published == variables ? Telling.Show(variables) : Telling.Show(published));
        }

        foreach (var (name, task) in expected.Tasks)
        {
            var standing = run.Standing.SingleOrDefault(each => each.Name == name)
                ?? throw new CaseException($"The workflow has no task {name}.");
            Add($"task {name}", task.State, Telling.Word($"{standing.State}"));
            if (task.Runs is { } runs)
                Add($"task {name} runs", $"{runs}", $"{standing.RunCount}");
            if (task.Error is not null)
                AddError($"task {name} error", task.Error, standing.Error);
            if (task.Waiting is not null)
                Add($"task {name} waiting", task.Waiting, Fits(task.Waiting, standing.Waiting ?? "") ? task.Waiting : $"{standing.Waiting}");
            if (task.Items is not null)
                Add($"task {name} items", task.Items, Telling.Items(standing.Items));
        }

        void Add(string what, string wish, string truth)
        {
            wanted.Add($"{what}: {wish}");
            actual.Add($"{what}: {truth}");
        }

        void AddError(string what, ExpectedError? wish, TaskError? truth)
        {
            var isMet = wish is null
                ? truth is null
                : truth is not null && truth.Reason == wish.Reason && (wish.Message is null || Fits(wish.Message, truth.Message));
            var wished = wish is null ? "none" : wish.Message is null ? wish.Reason : $"{wish.Reason}: {wish.Message}";
            Add(what, wished, isMet ? wished : truth is null ? "none" : $"{truth.Reason}: {truth.Message}");
        }
    }

    static void CompareCheck(IReadOnlyList<string> expected, IReadOnlyList<string> found, List<string> wanted, List<string> actual)
    {
        wanted.AddRange(expected.Select(problem => $"check: {problem}"));
        actual.AddRange(found.Select(problem => $"check: {expected.FirstOrDefault(pattern => Fits(pattern, problem)) ?? problem}"));
    }

    // An ellipsis stands for anything.
    static bool Fits(string pattern, string text)
        => Regex.IsMatch(text, $"^{string.Join(".*", pattern.Split('…').Select(Regex.Escape))}$", RegexOptions.Singleline);

    static string Squeezed(string line) => Spaces().Replace(line.Trim(), " ");

    static string Difference(List<string> expected, List<string> actual)
    {
        var common = new int[expected.Count + 1, actual.Count + 1];
        for (var left = expected.Count - 1; left >= 0; left--)
        {
            for (var right = actual.Count - 1; right >= 0; right--)
            {
                common[left, right] = expected[left] == actual[right]
                    ? common[left + 1, right + 1] + 1
                    : Math.Max(common[left + 1, right], common[left, right + 1]);
            }
        }

        var text = new StringBuilder();
        for (var (left, right) = (0, 0); left < expected.Count || right < actual.Count;)
        {
            if (left < expected.Count && right < actual.Count && expected[left] == actual[right])
                (left, right, _) = (left + 1, right + 1, text.Append("  ").AppendLine(expected[left]));
            else if (right == actual.Count || (left < expected.Count && common[left + 1, right] >= common[left, right + 1]))
                text.Append("- ").AppendLine(expected[left++]);
            else
                text.Append("+ ").AppendLine(actual[right++]);
        }

        return text.ToString();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
