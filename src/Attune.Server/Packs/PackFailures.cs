using Attune.Packs;
using Attune.Server.Hosting;

namespace Attune.Server.Packs;

static class PackFailures
{
    // All of it travels in the trailers of one answer, which clients limit to some ten kilobytes.
    const int CharactersMax = 5000;

    public static Failure Invalid(IReadOnlyList<PackProblem> problems)
        => new(FailureKind.Invalid, "PACK_INVALID", $"The pack has {Count(problems)}; the first: {Cut(problems[0].ToString())}")
        {
            Violations = Shown(problems),
        };

    public static Failure DependencyMissing(IReadOnlyList<PackProblem> problems)
        => new(FailureKind.Refused, "DEPENDENCY_MISSING", Cut(string.Join(" ", problems.Select(problem => $"It {problem.Message}"))))
        {
            Violations = Shown(problems),
        };

    public static Failure IsStandard(string pack)
        => new(FailureKind.Refused, "PACK_IS_STANDARD", $"'{pack}' is built in: it comes and goes with the server.");

    public static Failure NotFound(string pack) => Failure.NotFound("PACK_NOT_FOUND", $"There is no pack '{pack}'.");

    static List<Violation> Shown(IReadOnlyList<PackProblem> problems)
    {
        var shown = new List<Violation>();
        var characters = 0;
        foreach (var problem in problems)
        {
            var violation = new Violation(Cut(problem.Place), Cut(problem.Message));
            characters += violation.Field.Length + violation.Description.Length;
            if (characters > CharactersMax)
            {
                shown.Add(new("", $"and {problems.Count - shown.Count} more; CheckPack lists them all."));
                break;
            }

            shown.Add(violation);
        }

        return shown;
    }

    static string Count(IReadOnlyList<PackProblem> problems) => problems.Count == 1 ? "a mistake" : $"{problems.Count} mistakes";

    static string Cut(string text) => text.Length <= 500 ? text : text[..500] + "…";
}
