using System.CommandLine;
using Attune.Cli.Completion;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands;

static class Run
{
    static readonly Suggested<string> action = new("ACTION", Suggestions.ActionRefsAsync) { Description = "Ref of the action: core.echo" };
    static readonly Suggested<string[]> words = new("k=v", Suggestions.ParametersAsync)
    {
        Description = "Parameters: k=v, k=@file, k:=json, a.b=v",
        Arity = ArgumentArity.ZeroOrMore,
    };
    static readonly Option<string?> file = new("--params") { Description = "JSON or YAML object to begin with; - is stdin", HelpName = "FILE" };
    static readonly Option<bool> follow = new("--follow", "-f") { Description = "Stream the log and end with the outcome" };
    static readonly Option<string[]> labels = new("--label", "-l") { Description = "Only on agents with this label; may repeat", HelpName = "k=v" };
    static readonly Option<string?> timeout = new("--timeout") { Description = "Longest run: 30s, 5m, 1h30m", HelpName = "SPAN" };
    static readonly Option<int?> priority = new("--priority") { Description = "0 (last) to 9 (first)", HelpName = "N" };
    static readonly Option<string[]> env = new("--env", "-e") { Description = "Environment of the process, not for secrets; may repeat", HelpName = "k=v" };

    public static Command Command()
        => new Command("run", "Run an action")
            .With(action, words, file, follow, labels, timeout, priority, env)
            .Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new StartExecutionRequest
        {
            ActionRef = run.Get(action),
            Timeout = Spans.Duration(run.Get(timeout), "--timeout"),
        };
        request.WorkerLabels.AddPairs(run.Get(labels), "--label");
        request.EnvVars.AddPairs(run.Get(env), "--env");
        if (run.Get(priority) is { } chosen)
            request.Priority = chosen;

        var parameters = await GivenParameters.ReadAsync(run, request.ActionRef, run.Get(file), run.Get(words) ?? [], ct);
        parameters.PromptForSecrets(run);
        request.Parameters = parameters.Set.Values;

        var started = await run.Client.Executions.StartExecutionAsync(request, cancellationToken: ct);
        return await Started.ReportAsync(run, started.Execution, run.Get(follow), ct);
    }
}
