using System.CommandLine;

namespace Attune.Cli.Commands.Sensors;

static class RestartSensor
{
    static readonly Argument<string> reference = SensorArguments.Ref();

    public static Command Command() => new Command("restart", "Stop its process and start it anew at once").With(reference).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Sensors.RestartSensorAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer.Sensor, $"{answer.Sensor.Ref} is being restarted. See it: attune sensor logs -f {answer.Sensor.Ref} --tail 10");
    }
}
