using System.CommandLine;

namespace Attune.Cli.Commands.Sensors;

static class EnableSensor
{
    static readonly Argument<string> reference = SensorArguments.Ref();

    public static Command Command() => new Command("enable", "Let a sensor run again where a rule needs it").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Sensors.EnableSensorAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Sensor, $"{answer.Sensor.Ref} is enabled. {answer.Sensor.Why}".TrimEnd());
    }
}
