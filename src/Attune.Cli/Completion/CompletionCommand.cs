using System.CommandLine;

namespace Attune.Cli.Completion;

static class CompletionCommand
{
    static readonly Argument<string> shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" }
        .AcceptOnlyFromAmong("bash", "zsh", "fish");

    public static Command Command()
        => new Command("completion", "Print a completion script: source <(attune completion bash)").With(shell).Does(RunAsync);

    static Task RunAsync(Invocation run, CancellationToken ct)
    {
        using var script = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"completion.{run.Get(shell)}")!;
        using var reader = new StreamReader(script);
        run.Terminal.Out.Write(reader.ReadToEnd());
        return Task.CompletedTask;
    }
}
