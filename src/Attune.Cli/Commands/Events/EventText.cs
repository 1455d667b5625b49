using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Events;

static class EventText
{
    public static Suggested<string> Id() => new("ID", Suggestions.EventIdsAsync) { Description = "Id of the event" };

    public static long ParseId(string text) => Ids.Parse(text, "an event", "attune event list");

    public static string Of(EventOrigin origin) => origin is EventOrigin.Unspecified ? "" : Texts.Word(origin);

    /// <summary>What became of an enforcement, in a few words.</summary>
    public static Cell Outcome(Enforcement enforcement) => enforcement switch
    {
        { Status: EnforcementStatus.Disabled } => new("disabled", Tone.Dim),
        { Error: { } error } => new(error.Reason, Tone.Bad),
        { ExecutionId: not 0 } => new("started", Tone.Good),
        { Status: EnforcementStatus.Unspecified } => new(""),
        _ => new(Texts.Word(enforcement.Status), Tone.Busy),
    };
}
