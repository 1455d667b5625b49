using System.CommandLine;
using Attune.Cli.Completion;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Runtimes;

static class ShowRuntime
{
    static readonly Suggested<string> runtimeRef = new("REF", Suggestions.RuntimeRefsAsync) { Description = "Ref or alias of the runtime" };

    public static Command Command() => new Command("show", "One runtime, and which agents have it").With(runtimeRef).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Runtimes.GetRuntimeAsync(new() { Ref = run.Get(runtimeRef) }, cancellationToken: ct);
        var runtime = answer.Runtime;
        run.Answer.Show(
            runtime,
            new("Ref", runtime.Ref),
            new("Name", runtime.Name),
            new("Description", runtime.Description),
            new("Aliases", string.Join(", ", runtime.Aliases)),
            new("Pack", runtime.PackRef),
            new("On agents", runtime.AvailableOn.Count is 0 ? "none" : string.Join('\n', runtime.AvailableOn)),
            new("Runs by", Texts.Json(runtime.ExecutionConfig)),
            new("Is found by", Texts.Json(runtime.Distributions)));
    }
}
