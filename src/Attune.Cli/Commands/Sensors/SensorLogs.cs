using System.CommandLine;
using System.Globalization;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Sensors;

static class SensorLogs
{
    static readonly Argument<string> reference = SensorArguments.Ref();
    static readonly Option<bool> follow = new("--follow", "-f") { Description = "Go on until Ctrl-C" };
    static readonly Option<int?> tail = new("--tail") { Description = "Begin with the last so many lines", HelpName = "N" };

    public static Command Command() => new Command("logs", "What a sensor wrote to stderr").With(reference, follow, tail).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new StreamSensorLogsRequest { Ref = run.Get(reference), Follow = run.Get(follow), Tail = run.Get(tail) ?? 0 };
        var all = new List<SensorLogLine>();
        var any = false;
        await new Reconnecting(run).RunAsync(
            request.Follow,
            () => run.Client.Sensors.StreamSensorLogs(request, cancellationToken: ct),
            part =>
            {
                any |= part.Lines.Count > 0;
                foreach (var line in part.Lines)
                {
                    if (run.Answer.IsTable)
                        Write(run, line);
                    else if (request.Follow)
                        run.Answer.Line(line);
                    else
                        all.Add(line);
                }

                if (part.Cursor is not "")
                    request.Cursor = part.Cursor;
            },
            ct);
        if (!run.Answer.IsTable && !request.Follow)
            run.Answer.List(all, "");
        else if (!any)
            run.Answer.Note($"{request.Ref} has written nothing yet.");
    }

    static void Write(Invocation run, SensorLogLine line)
    {
        var time = line.Time?.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
        run.Terminal.Out.WriteLine(
            $"{Tone.Dim.Paint($"{time}  {line.WorkerName}", run.Terminal.ColourOut)}  {new Cell(line.Text).Printable}");
    }
}
