using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;

namespace Attune.Cli.Commands.Sensors;

static class ShowSensor
{
    static readonly Argument<string> reference = SensorArguments.Ref();

    public static Command Command() => new Command("show", "One sensor: where it runs, why not, how it does").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var sensor = (await run.Client.Sensors.GetSensorAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct)).Sensor;
        run.Answer.Show(
            sensor,
            new("Ref", sensor.Ref),
            new("Label", sensor.Label),
            new("Description", sensor.Description),
            new("State", SensorArguments.State(sensor)),
            new("Why", sensor.Why),
            new("Worker", sensor.WorkerName),
            new("Started", Texts.Moment(sensor.StartedAt, run.Clock)),
            new("Ends in a row", sensor.FailuresInRow is 0 ? "" : new Cell($"{sensor.FailuresInRow}", Tone.Bad)),
            new("Last end", sensor.LastError),
            new("Events", sensor.EventCount),
            new("Last event", Texts.Moment(sensor.LastEventAt, run.Clock)),
            new("Refused events", sensor.RejectedCount is 0 ? "" : $"{sensor.RejectedCount}  (attune sensor logs {sensor.Ref})"),
            new("Triggers", string.Join(", ", sensor.TriggerRefs)),
            new("Rules", string.Join('\n', sensor.RuleRefs)),
            new("Runtime", sensor.RuntimeRef),
            new("Entry point", sensor.EntryPoint),
            new("Config", Texts.Json(sensor.Config)),
            new("Tags", string.Join(", ", sensor.Tags)));
    }
}
