using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Sensors;

static class SensorArguments
{
    const int FailuresThatAlert = 3;

    public static Suggested<string> Ref() => new("REF", Suggestions.SensorRefsAsync) { Description = "Ref of the sensor" };

    public static Cell State(Sensor sensor) => sensor switch
    {
        { Enabled: false } => new("disabled", Tone.Dim),
        { State: SensorState.BuiltIn } => new("built in", Tone.Good),
        { State: SensorState.BackingOff } => new("backing off", Tone.Bad),
        { State: SensorState.Unassigned } => new("unassigned", Tone.Bad),
        { State: SensorState.Running, FailuresInRow: >= FailuresThatAlert } => new("running", Tone.Bad),
        { State: SensorState.Running } => new("running", Tone.Good),
        { State: SensorState.Idle } => new("idle", Tone.Dim),
        { State: SensorState.Unspecified } => new(""),
        _ => new(Texts.Word(sensor.State), Tone.Busy),
    };
}
