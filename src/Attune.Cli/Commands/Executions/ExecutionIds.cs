using System.Globalization;
using Attune.Cli.Completion;

namespace Attune.Cli.Commands.Executions;

static class ExecutionIds
{
    public static Suggested<string> One() => new("ID", Suggestions.ExecutionIdsAsync) { Description = "Id of the execution" };

    public static Suggested<string[]> Many() => new("ID", Suggestions.ExecutionIdsAsync)
    {
        Description = "Ids of executions",
        Arity = System.CommandLine.ArgumentArity.OneOrMore,
    };

    public static long Parse(string text)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : throw new CommandFailure($"'{text}' is not the id of an execution, which is a number.", "`attune execution list` shows the latest.");
}
