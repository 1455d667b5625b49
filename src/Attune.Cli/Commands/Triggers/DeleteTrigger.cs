using System.CommandLine;

namespace Attune.Cli.Commands.Triggers;

static class DeleteTrigger
{
    static readonly Argument<string> reference = TriggerArguments.Ref();

    public static Command Command()
        => new Command("delete", "Delete a trigger that was made by hand; its events stay, its rules wait for it")
            .With(reference, Confirmation.Yes)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        run.Prompt.Confirm($"Delete trigger {run.Get(reference)}?", run.Get(Confirmation.Yes));
        var answer = await run.Client.Triggers.DeleteTriggerAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct);
        run.Answer.Done(answer, $"Deleted {run.Get(reference)}.");
    }
}
