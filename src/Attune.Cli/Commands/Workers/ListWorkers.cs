using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Workers;

static class ListWorkers
{
    static readonly Option<string[]> labels = new("--label", "-l") { Description = "Only with this label; may repeat", HelpName = "k=v" };

    public static Command Command()
        => new Command("list", "The agents, by name").With(labels).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListWorkersRequest();
        filter.Labels.AddPairs(run.Get(labels), "--label");
        var workers = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Workers.ListWorkersAsync(
                    new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Workers, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            workers,
            "No agents. `attune agent token create` makes a token that lets one join.",
            new("NAME", each => each.Name),
            new("STATE", WorkerArguments.State),
            new("ROLE", each => Texts.Word(each.Role)),
            new("SLOTS", each => $"{each.SlotsInUse}/{each.Slots}"),
            new("LABELS", each => Texts.Labels(each.Labels)),
            new("RUNTIMES", each => string.Join(", ", each.Runtimes.Select(runtime => runtime.RuntimeRef))),
            new("SEEN", each => Texts.Ago(each.LastHeartbeat, run.Clock)));
    }
}
