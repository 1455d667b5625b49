using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>A workflow that is carried out by hand: a test says what ends, and looks at what is said.</summary>
sealed class Play
{
    public static readonly DateTimeOffset Start = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    readonly Dictionary<ValueKey, Value> stored = [];
    readonly Dictionary<RunKey, string> live = [];
    long handles;

    public Play(Workflow workflow, RetryPolicy? retry = null, TimeSpan? timeout = null)
    {
        Workflow = workflow;
        Hear(new WorkflowStarted(Now, timeout, retry ?? RetryPolicy.Never));
    }

    public Workflow Workflow { get; }

    public DateTimeOffset Now { get; set; } = Start;

    public WorkflowState State { get; private set; } = WorkflowState.New;

    /// <summary>Of the last advance.</summary>
    public IReadOnlyList<Command> Commands { get; private set; } = [];

    /// <summary>Values that it asked for so far; nothing is at hand in a step before it asks.</summary>
    public int Asked { get; private set; }

    /// <summary>Times that the last advance asked for values.</summary>
    public int Rounds { get; private set; }

    /// <summary>Of all states so far, as they are stored.</summary>
    public int BytesMax { get; private set; }

    /// <summary>Executions that were begun and have not ended.</summary>
    public IReadOnlyDictionary<RunKey, string> Live => live;

    /// <summary>Names of tasks that the last advance started; with `[n]` where it is an item.</summary>
    public string[] Started => [.. Commands.OfType<StartAction>().Select(start => start.Key.Item < 0 ? start.Task : $"{start.Task}[{start.Key.Item}]")];

    public FinishWorkflow? Finished => Commands.OfType<FinishWorkflow>().SingleOrDefault();

    public void Hear(params IReadOnlyList<Happening> happenings)
    {
        Step step;
        Rounds = 0;
        var values = new Dictionary<ValueKey, Value>();
        do
        {
            step = Conductor.Advance(Workflow, State, happenings, new()
            {
                Parameters = Value.Of(new Dictionary<string, Value>()),
                PackConfig = Value.Of(new Dictionary<string, Value>()),
                Execution = Value.Of(new Dictionary<string, Value>()),
                Values = values,
            });
            Asked += step.Needs.Count;
            Rounds += step.Needs.Count > 0 ? 1 : 0;
            foreach (var key in step.Needs)
                values.Add(key, stored.GetValueOrDefault(key));
        }
        while (step.Needs.Count > 0);

        var json = step.State.ToJson();
        BytesMax = Math.Max(BytesMax, json.Length);
        (State, Commands) = (WorkflowState.Parse(Workflow, json), step.Commands);
        foreach (var command in step.Commands)
        {
            if (command is StartAction start)
                live.Add(start.Key, start.Task);
            else if (command is AskPeople ask)
                live.Add(ask.Key, ask.Task);
            else if (command is KeepValue keep)
                stored.Add(keep.Key, keep.Value);
        }
    }

    /// <summary>One that runs of this task ends.</summary>
    public void End(string task, RunOutcome outcome = RunOutcome.Completed, string? result = null)
        => Hear(Ended(live.First(each => each.Value == task).Key, outcome, result));

    /// <summary>One that runs of this task completes.</summary>
    public void End(string task, Value result) => Hear(Ended(live.First(each => each.Value == task).Key, RunOutcome.Completed, result));

    /// <summary>To be heard.</summary>
    /// <param name="result">An expression.</param>
    public RunEnded Ended(RunKey key, RunOutcome outcome = RunOutcome.Completed, string? result = null)
        => Ended(key, outcome, result is null ? Value.Null : Of(result));

    RunEnded Ended(RunKey key, RunOutcome outcome, Value result)
    {
        live.Remove(key);
        var handle = ++handles;
        stored[new(KeptKind.ExecutionResult, 0, handle)] = result;
        return new(Now, key, outcome, outcome is RunOutcome.Completed ? null : new("BROKEN", "It broke."), handle);
    }

    public void Wait(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        Hear(new TimeCame(Now));
    }

    public string Variable(string name) => State.Variables[name].Show(100);

    public TaskStanding Standing(string task) => State.Standing(Workflow).Single(each => each.Name == task);

    public static Value Of(string expression)
        => Expression.Parse(expression).Evaluate(new(new Dictionary<string, Value>(), Start), ExpressionLimits.Default);
}
