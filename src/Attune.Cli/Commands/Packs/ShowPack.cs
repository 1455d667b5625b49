using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Packs;

static class ShowPack
{
    static readonly Argument<string> packRef = PackArguments.Ref();

    public static Command Command() => new Command("show", "One pack").With(packRef).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Packs.GetPackAsync(new() { Ref = run.Get(packRef) }, cancellationToken: ct);
        var pack = answer.Pack;
        run.Answer.Show(
            pack,
            new("Ref", pack.Ref),
            new("Label", pack.Label),
            new("Description", pack.Description),
            new("Version", pack.Version),
            new("Release", pack.ReleaseDigest),
            new("Standard", pack.IsStandard ? "yes" : ""),
            new("Needs runtimes", string.Join(", ", pack.RuntimeDeps)),
            new("Tags", string.Join(", ", pack.Tags)),
            new("Installed", Texts.Moment(pack.InstalledAt, run.Clock)),
            new("Installed by", pack.InstalledByLogin),
            new("Configuration", Texts.Json(pack.Config)));
    }
}
