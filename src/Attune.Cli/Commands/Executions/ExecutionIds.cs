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

    public static long Parse(string text) => Ids.Parse(text, "an execution", "attune execution list");
}
