using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class RuleArguments
{
    public static Suggested<string> Ref() => new("REF", Suggestions.RuleRefsAsync) { Description = "Ref of the rule" };

    /// <summary>One word for what one wants to know first.</summary>
    public static Cell State(Rule rule) => rule switch
    {
        { Problems.Count: > 0 } => new("problem", Tone.Bad),
        { Enabled: false } => new("disabled", Tone.Dim),
        _ => new("enabled", Tone.Good),
    };
}
