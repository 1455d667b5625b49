using System.CommandLine;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Workflows;

static class CheckWorkflow
{
    static readonly Argument<string> file = new("FILE") { Description = "The workflow's file, or its action's; - is stdin" };
    static readonly Option<string?> pack = new("--pack") { Description = "Pack that it belongs to, where no action beside it says so", HelpName = "REF" };

    public static Command Command()
        => new Command("check", "Every mistake of a workflow's file; ends with 1 if there is one").With(file, pack).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var workflow = WorkflowFile.Read(run.Get(file));
        var answer = await run.Client.Workflows.CheckWorkflowAsync(workflow.ToRequest(run.Get(pack)), cancellationToken: ct);
        if (!run.Answer.IsTable)
            run.Answer.Document(WireJson.Of(answer));
        else
            Write(run, workflow, answer);
        return answer.Problems.Count is 0 ? ExitCode.Ok : ExitCode.ProblemsFound;
    }

    // The problems are what was asked for, so they are on stdout.
    static void Write(Invocation run, WorkflowFile workflow, CheckWorkflowResponse answer)
    {
        foreach (var problem in answer.Problems)
            run.Terminal.Out.WriteLine(new Cell(Line(workflow, problem)).Printable);

        run.Answer.Note(answer.Problems.Count switch
        {
            0 => $"{workflow.Path}: no problems in {answer.Tasks.Count} {(answer.Tasks.Count is 1 ? "task" : "tasks")}.",
            1 => "1 problem",
            var count => $"{count} problems",
        });
        if (workflow.ActionFile is null)
            run.Answer.Note("No action's file beside it names it as workflow_file, so what it says of `parameters` was not checked.");
    }

    /// <summary>As compilers say it: `FILE:12:7: tasks.build.next[0].when: …`.</summary>
    public static string Line(WorkflowFile workflow, WorkflowProblem problem)
    {
        var name = workflow.Path is "-" ? "stdin" : workflow.Path;
        var place = problem.Line is 0 ? name : $"{name}:{problem.Line}:{Math.Max(1, problem.Column)}";
        return problem.Path is "" ? $"{place}: {problem.Message}" : $"{place}: {problem.Path}: {problem.Message}";
    }
}
