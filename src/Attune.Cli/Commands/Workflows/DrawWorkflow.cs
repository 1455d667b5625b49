using System.CommandLine;
using Attune.Cli.Commands.Executions;
using Attune.Cli.Completion;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class DrawWorkflow
{
    static readonly Suggested<string> what = new("WORKFLOW", Suggestions.ActionRefsAsync)
    {
        Description = "Ref of a workflow, its file (- is stdin), or the id of an execution, which is drawn with its present states",
    };

    static readonly Option<string> format = new Option<string>("--format")
    {
        Description = "mermaid, dot or svg",
        HelpName = "FORMAT",
        DefaultValueFactory = _ => "mermaid",
    }.AcceptOnlyFromAmong("mermaid", "dot", "svg");

    static readonly Option<string?> to = new("--to") { Description = "Write it to this file instead of stdout", HelpName = "FILE" };

    public static Command Command()
        => new Command("graph", "Draw a workflow").With(what, format, to).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var drawing = await DrawAsync(run, run.Get(what), Enum.Parse<DrawingFormat>(run.Get(format)!, ignoreCase: true), ct);
        if (run.Get(to) is { } path)
        {
            await File.WriteAllTextAsync(path, drawing, ct);
            run.Answer.Note($"Wrote {path}.");
        }
        else
        {
            run.Terminal.Out.WriteLine(drawing.TrimEnd('\n'));
        }
    }

    static async Task<string> DrawAsync(Invocation run, string name, DrawingFormat drawing, CancellationToken ct)
    {
        if (name.All(char.IsAsciiDigit))
        {
            var request = new GetWorkflowExecutionRequest { ExecutionId = ExecutionIds.Parse(name), DrawingFormat = drawing };
            return (await run.Client.Workflows.GetWorkflowExecutionAsync(request, cancellationToken: ct)).Drawing;
        }

        if (!IsFile(name))
            return (await run.Client.Workflows.GetWorkflowAsync(new() { Ref = name, DrawingFormat = drawing }, cancellationToken: ct)).Drawing;

        var file = WorkflowFile.Read(name);
        var answer = await run.Client.Workflows.CheckWorkflowAsync(
            new(file.ToRequest()) { DrawingFormat = drawing },
            cancellationToken: ct);
        if (answer.Drawing is "")
        {
            throw new CommandFailure($"{name} cannot be drawn: it cannot be read.")
            {
                Lines = [.. answer.Problems.Select(problem => CheckWorkflow.Line(file, problem))],
            };
        }

        if (answer.Problems.Count > 0)
            run.Answer.Note($"It has problems: attune workflow check {name}");
        return answer.Drawing;
    }

    // A ref has one dot and no slash; a file that is there is meant even so.
    static bool IsFile(string name)
        => name is "-" || name.Contains('/', StringComparison.Ordinal) || name.EndsWith(".yaml", StringComparison.Ordinal)
            || name.EndsWith(".yml", StringComparison.Ordinal) || name.EndsWith(".json", StringComparison.Ordinal) || File.Exists(name);
}
