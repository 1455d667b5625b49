using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>
/// Plays a case: stands for the server, its agents and its people, in pretend time. Workflows that tasks call are carried out by the
/// conductor too.
/// </summary>
sealed class Stage
{
    const int StepsMax = 200_000;

    static readonly DateTimeOffset Start = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    readonly Case story;
    readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> agenda = new();
    readonly List<PretendRun> runs = [];
    readonly List<string> lines = [];
    long plans;
    long handles;

    public Stage(Case story)
    {
        this.story = story;
        Now = Start;
        Main = Add("", "shop.main", story.Workflow, story.Parameters, null);
    }

    public DateTimeOffset Now { get; private set; }

    public Script Script => story.Script;

    public PretendRun Main { get; }

    /// <summary>What the check finds in the workflows, without knowing their actions.</summary>
    public IReadOnlyList<string> Problems
        => [.. runs.SelectMany(run => WorkflowCheck.Find(run.Workflow, new())).Select(each => $"{each.Path}: {each.Message}").Distinct()];

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <exception cref="CaseException">The conductor broke its contract.</exception>
    public void Play()
    {
        foreach (var deed in story.Meanwhile)
            Plan(Start + deed.At, () => Do(deed));
        Main.Begin(story.Timeout, story.Retry);
        for (var step = 0; Next() is { } next; step++)
        {
            if (step == StepsMax)
                throw new CaseException($"It goes on for more than {StepsMax} steps.");
            next();
        }

        foreach (var run in runs)
            run.CheckReplay();
    }

    public void Plan(DateTimeOffset at, Action what) => agenda.Enqueue(what, (at, plans++));

    public long NewHandle() => ++handles;

    public void Tell(string line) => lines.Add($"{Telling.Time(Now - Start)} {line}");

    /// <summary>Null where the action is no workflow.</summary>
    public PretendRun? Call(string path, StartAction command, Action<RunOutcome, Value, TaskError?> ended)
        => story.Workflows.TryGetValue(command.ActionRef, out var definition)
            ? Add(path, command.ActionRef, definition, command.Parameters, ended)
            : null;

    PretendRun Add(
        string path, string actionRef, System.Text.Json.JsonElement definition, Value parameters, Action<RunOutcome, Value, TaskError?>? ended)
    {
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(definition, problems);
        if (workflow is null || problems.Count > 0)
            throw new CaseException(string.Join("\n", problems.Select(problem => $"{actionRef} {problem.Path}: {problem.Message}")));

        var execution = Value.Of(new Dictionary<string, Value>
        {
            ["id"] = Value.Of(1000 + runs.Count),
            ["action_ref"] = Value.Of(actionRef),
            ["created"] = Value.Of(Now.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture)),
            ["executor"] = Value.Of("ada"),
        });
        var around = new WorkflowSurroundings
        {
            Parameters = parameters,
            PackConfig = story.PackConfig,
            Execution = execution,
            Values = new Dictionary<ValueKey, Value>(),
        };
        var run = new PretendRun(this, path, workflow, around, ended);
        runs.Add(run);
        return run;
    }

    void Do(Intervention deed)
    {
        var run = runs.LastOrDefault(run => run.Path == deed.Of) ?? throw new CaseException($"'{deed.Of}' is no workflow that runs.");
        Tell(deed.Of.Length > 0 ? $"{deed.Of}/{deed.Line}" : deed.Line);
        if (deed.Report is { } report)
            run.Reported = report;
        run.Hear(deed.Happening(Now));
    }

    // Who wants to be woken at the moment at which something happens is woken after it.
    Action? Next()
    {
        var sleeper = runs.Where(run => run.WakeAt is not null).MinBy(run => run.WakeAt);
        var planned = agenda.TryPeek(out _, out var due);
        if (sleeper is not null && (!planned || sleeper.WakeAt < due.At))
        {
            Now = sleeper.WakeAt!.Value > Now ? sleeper.WakeAt.Value : Now;
            return () => sleeper.Hear(new TimeCame(Now));
        }

        if (!planned)
            return null;
        Now = due.At;
        return agenda.Dequeue();
    }
}
