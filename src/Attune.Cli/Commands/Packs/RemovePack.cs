using System.CommandLine;

namespace Attune.Cli.Commands.Packs;

static class RemovePack
{
    static readonly Argument<string> packRef = PackArguments.Ref();

    public static Command Command()
        => new Command("remove", "Remove a pack and everything in it; history stays").With(packRef, Confirmation.Yes).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        run.Prompt.Confirm($"Remove pack {run.Get(packRef)} with all its actions and rules?", run.Get(Confirmation.Yes));
        var answer = await run.Client.Packs.RemovePackAsync(new() { Ref = run.Get(packRef) }, cancellationToken: ct);
        run.Answer.Done(answer, $"Removed {run.Get(packRef)}, {answer.RemovedRefs.Count} parts.");
    }
}
