using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Packs;

static class ListPackEnvironments
{
    static readonly Argument<string> packRef = PackArguments.Ref();

    public static Command Command()
        => new Command("environments", "How a pack's environments stand on every host that has one").With(packRef).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Packs.ListPackEnvironmentsAsync(new() { Ref = run.Get(packRef) }, cancellationToken: ct);
        run.Answer.List(
            answer.Environments,
            "No host has an environment of it yet; the first run makes one.",
            new("WORKER", each => each.WorkerName),
            new("RUNTIME", each => each.RuntimeRef),
            new("STATUS", each => new(Texts.Word(each.Status), ToneOf(each.Status))),
            new("INSTALLED", each => Texts.Ago(each.InstalledAt, run.Clock)),
            new("ERROR", each => each.InstallError));
    }

    static Tone ToneOf(EnvironmentStatus status) => status switch
    {
        EnvironmentStatus.Ready => Tone.Good,
        EnvironmentStatus.Failed => Tone.Bad,
        _ => Tone.Busy,
    };
}
