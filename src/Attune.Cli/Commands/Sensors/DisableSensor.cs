using System.CommandLine;

namespace Attune.Cli.Commands.Sensors;

static class DisableSensor
{
    static readonly Argument<string> reference = SensorArguments.Ref();

    public static Command Command() => new Command("disable", "Stop a sensor wherever it runs").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Sensors.DisableSensorAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Sensor, $"{answer.Sensor.Ref} is disabled. Undo: attune sensor enable {answer.Sensor.Ref}");
    }
}
