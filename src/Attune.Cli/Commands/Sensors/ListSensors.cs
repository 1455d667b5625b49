using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Sensors;

static class ListSensors
{
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack", HelpName = "REF" };
    static readonly Option<string?> worker = new("--worker") { Description = "Only what runs on this agent", HelpName = "NAME" };

    public static Command Command()
        => new Command("list", "Sensors, where they run and how they do").With(pack, worker).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var sensors = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Sensors.ListSensorsAsync(
                    new() { PageSize = size, PageToken = token, PackRef = run.Get(pack) ?? "", WorkerName = run.Get(worker) ?? "" },
                    cancellationToken: ct);
                return (page.Sensors, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            sensors,
            "No sensors. They come in packs.",
            new("REF", each => each.Ref),
            new("STATE", SensorArguments.State),
            new("WORKER", each => each.WorkerName),
            new("RULES", each => each.RuleRefs.Count),
            new("EVENTS", each => each.EventCount),
            new("LAST EVENT", each => Texts.Ago(each.LastEventAt, run.Clock)));
    }
}
