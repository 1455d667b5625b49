using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Workers;

static class WorkerArguments
{
    public static Suggested<string> Name() => new("NAME", Suggestions.WorkerNamesAsync) { Description = "Name of the agent" };

    /// <summary>One word for what an operator wants to know first.</summary>
    public static Cell State(Worker worker) => worker switch
    {
        { Connected: false } => new("disconnected", Tone.Bad),
        { Draining: true } => new("draining", Tone.Busy),
        { Cordoned: true } => new("cordoned", Tone.Busy),
        _ => new("connected", Tone.Good),
    };
}
