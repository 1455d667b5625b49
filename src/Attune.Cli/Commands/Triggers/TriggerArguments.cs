using Attune.Cli.Completion;

namespace Attune.Cli.Commands.Triggers;

static class TriggerArguments
{
    public static Suggested<string> Ref() => new("REF", Suggestions.TriggerRefsAsync) { Description = "Ref of the trigger" };
}
