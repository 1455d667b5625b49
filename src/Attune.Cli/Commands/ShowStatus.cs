using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands;

static class ShowStatus
{
    public static Command Command() => new Command("status", "How the control plane is doing").Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var status = await run.Client.System.GetStatusAsync(new(), cancellationToken: ct);
        run.Answer.Show(
            status,
            new("Server", run.Connection.Server),
            new("Version", status.Version),
            new("Up since", Texts.Moment(status.StartedAt, run.Clock)),
            new("Database", status.DatabaseVersion),
            new("Agents connected", status.AgentsConnected),
            new("Slots in use", $"{status.SlotsInUse} of {status.Slots}"),
            new("Executions waiting", status.ExecutionsWaiting),
            new("Executions assigned", status.ExecutionsAssigned));
    }
}
