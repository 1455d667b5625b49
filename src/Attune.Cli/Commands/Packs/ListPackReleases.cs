using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Packs;

static class ListPackReleases
{
    static readonly Argument<string> packRef = PackArguments.Ref();

    public static Command Command() => new Command("releases", "A pack's releases, newest first").With(packRef).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Packs.ListPackReleasesAsync(new() { Ref = run.Get(packRef) }, cancellationToken: ct);
        run.Answer.List(
            answer.Releases,
            "No releases.",
            new("DIGEST", each => each.Digest.Length > 12 && run.Terminal.OutIsTerminal ? each.Digest[..12] : each.Digest),
            new("VERSION", each => each.Version),
            new("CURRENT", each => Texts.YesNo(each.Current)),
            new("SIZE", each => Texts.Size(each.SizeBytes)),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)));
    }
}
