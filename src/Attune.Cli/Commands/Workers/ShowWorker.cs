using System.CommandLine;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Workers;

static class ShowWorker
{
    static readonly Argument<string> name = WorkerArguments.Name();

    public static Command Command() => new Command("show", "One agent").With(name).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workers.GetWorkerAsync(new() { Name = run.Get(name) }, cancellationToken: ct);
        var worker = answer.Worker;
        run.Answer.Show(
            worker,
            new("Name", worker.Name),
            new("State", WorkerArguments.State(worker)),
            new("Role", Texts.Word(worker.Role)),
            new("Slots in use", $"{worker.SlotsInUse} of {worker.Slots}"),
            new("Labels", Texts.Labels(worker.Labels)),
            new("Host", Host(worker.Resources)),
            new("Agent version", worker.AgentVersion),
            new("Runtimes", string.Join('\n', worker.Runtimes.Select(Runtime))),
            new("Last seen", Texts.Moment(worker.LastHeartbeat, run.Clock)),
            new("Certificate", worker.CertificateExpiresAt is null ? "" : $"until {Texts.Moment(worker.CertificateExpiresAt, run.Clock)}"),
            new("Joined", Texts.Moment(worker.Created, run.Clock)));
    }

    static string Host(WorkerResources? host)
        => host is null ? "" : $"{host.Hostname}, {host.Os} {host.Architecture}, {host.CpuCount} CPUs, {Texts.Size(host.MemoryBytes)}";

    static string Runtime(FoundRuntime runtime)
        => string.Join(' ', new[] { runtime.RuntimeRef, runtime.Version, runtime.Path }.Where(part => part is not ""));
}
