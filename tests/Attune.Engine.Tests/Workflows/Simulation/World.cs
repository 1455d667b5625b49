using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>What may happen to a workflow besides that its executions end.</summary>
[Flags]
enum Troubles
{
    None = 0,
    Pauses = 1,
    Cancels = 2,
    Repeats = 4,
    Batches = 8,
    Reruns = 16,
    All = 31,
}

sealed class BrokenException(string message) : Exception(message);

/// <summary>
/// The server, its agents and people for one workflow, in pretend time. How an execution ends depends on nothing but the seed, its task,
/// item and try, so that it is the same however time goes by.
/// </summary>
sealed class World(Workflow workflow, int seed, Troubles troubles, int attempts)
{
    const int ExecutionsMax = 300;
    const int StepsMax = 5000;

    public static readonly DateTimeOffset Start = new(2026, 11, 22, 8, 0, 0, TimeSpan.Zero);

    readonly Random random = new(seed);
    readonly PriorityQueue<Func<Happening?>, (DateTimeOffset At, long Order)> agenda = new();
    readonly Dictionary<RunKey, Execution> executions = [];
    readonly Dictionary<long, Execution> byHandle = [];
    readonly Dictionary<ValueKey, Value> kept = [];
    readonly List<(Happening Happening, int Batch)> heard = [];
    readonly List<Command> said = [];
    readonly Rules rules = new(workflow, attempts > 1);
    long planned;
    int changes;

    public DateTimeOffset Now { get; private set; } = Start;

    public WorkflowState State { get; private set; } = WorkflowState.New;

    /// <summary>In order, each with the number of the advance that took it.</summary>
    public IReadOnlyList<(Happening Happening, int Batch)> Heard => heard;

    public IReadOnlyList<Command> Said => said;

    /// <summary>How often the host was asked for a value.</summary>
    public int Asked { get; private set; }

    /// <summary>Runs of each task, by name.</summary>
    public IReadOnlyDictionary<string, int> Runs => rules.Runs;

    /// <exception cref="BrokenException">The conductor did what it must not.</exception>
    public void Play()
    {
        var retry = RetryPolicy.Never with { MaxAttempts = attempts, Delay = TimeSpan.FromSeconds(random.Next(3)), OnFailed = true, OnTimeout = true };
        Plan(TimeSpan.Zero, () => new WorkflowStarted(Now, null, retry));
        PlanTroubles();
        for (var batch = 0; batch < StepsMax; batch++)
        {
            var happenings = Next();
            if (happenings.Count > 0)
                Take(happenings, batch);
            else if (!Change())
                return;
        }

        throw new BrokenException($"After {StepsMax} steps it still goes on.");
    }

    /// <summary>What the host knows when it has heard so much.</summary>
    public Value ValueOf(ValueKey key, int heardCount) => key.Kind switch
    {
        KeptKind.ExecutionResult => byHandle[key.Handle].Result,
        KeptKind.ItemResults => ItemResults(key.Run, heardCount),
        _ => kept[key],
    };

    public Step Advance(WorkflowState state, IReadOnlyList<Happening> happenings, Func<ValueKey, Value> lookup, Random? lazily)
    {
        var before = state.ToJson();
        var values = new Dictionary<ValueKey, Value>();
        for (var asked = 0; asked < 1000; asked++)
        {
            var step = Conductor.Advance(workflow, state, happenings, Around(values));
            Check(state.ToJson().AsSpan().SequenceEqual(before), "It changed a state that it was given.");
            if (step.Needs.Count == 0)
                return step;

            Check(step.Commands.Count == 0 && ReferenceEquals(step.State, state), "It decided something while it needs values.");
            Check(!step.Needs.Any(values.ContainsKey), "It asks for what it has.");
            Check(step.Needs.Distinct().Count() == step.Needs.Count, "It asks twice in one breath.");
            Asked += step.Needs.Count;
            foreach (var key in step.Needs)
            {
                if (lazily is null || values.Count == 0 || lazily.Next(2) == 0)
                    values.TryAdd(key, lookup(key));
            }
        }

        throw new BrokenException("It asks for ever.");
    }

    public static void Check(bool isSo, string message)
    {
        if (!isSo)
            throw new BrokenException(message);
    }

    static WorkflowSurroundings Around(Dictionary<ValueKey, Value> values) => new()
    {
        Parameters = Value.Of(new Dictionary<string, Value>()),
        PackConfig = Value.Of(new Dictionary<string, Value>()),
        Execution = Value.Of(new Dictionary<string, Value>()),
        Values = values,
    };

    void PlanTroubles()
    {
        if (Has(Troubles.Pauses))
        {
            for (var at = random.Next(20); at < 100; at += random.Next(1, 50))
            {
                Plan(TimeSpan.FromSeconds(at), () => new PauseRequested(Now, "Lunch."));
                at += random.Next(12);
                if (Has(Troubles.Reruns) && random.Next(3) == 0)
                    Plan(TimeSpan.FromSeconds(at), RandomEdit);
                if (Has(Troubles.Cancels) && random.Next(6) == 0)
                    Plan(TimeSpan.FromSeconds(at), () => new CancelRequested(Now, "Not after lunch.", random.Next(2) == 0));
                Plan(TimeSpan.FromSeconds(at), () => new ResumeRequested(Now));
            }
        }

        if (Has(Troubles.Cancels) && random.Next(5) == 0)
            Plan(TimeSpan.FromSeconds(random.Next(40)), () => new CancelRequested(Now, "Enough."));
    }

    bool Has(Troubles trouble) => (troubles & trouble) != 0;

    void Plan(TimeSpan after, Func<Happening?> what) => agenda.Enqueue(what, (Now + after, planned++));

    List<Happening> Next()
    {
        var happenings = new List<Happening>();
        var most = Has(Troubles.Batches) ? random.Next(1, 5) : 1;
        while (happenings.Count < most)
        {
            if (!agenda.TryPeek(out var what, out var due) || State.WakeAt < due.At)
            {
                if (happenings.Count == 0 && State.WakeAt is { } wakeAt)
                {
                    Now = wakeAt > Now ? wakeAt : Now;
                    happenings.Add(new TimeCame(Now));
                }

                break;
            }

            if (happenings.Count > 0 && due.At > Now)
                break;
            agenda.Dequeue();
            Now = due.At > Now ? due.At : Now;
            if (what() is { } happening)
                happenings.Add(happening);
        }

        return happenings;
    }

    void Take(List<Happening> happenings, int batch)
    {
        heard.AddRange(happenings.Select(happening => (happening, batch)));
        var ended = happenings.OfType<RunEnded>().ToList();
        if (happenings.Count == 1)
            ended.ForEach(rules.Tell);

        var count = heard.Count;
        var before = State;
        var step = Advance(State, happenings, key => ValueOf(key, count), random);
        Check(
            !step.State.HasVariablesOf(State) || Value.Of(step.State.Variables).Equals(Value.Of(State.Variables)),
            "It says that the variables are as before, and they are not.");
        var json = step.State.ToJson();
        State = WorkflowState.Parse(workflow, json);
        Check(State.ToJson().AsSpan().SequenceEqual(json), "The state is another when it is read again.");
        said.AddRange(step.Commands);
        rules.CheckStep(happenings, before, State, step.Commands);
        rules.CheckCommands(step.Commands, before.IsFinished, State);
        ended.ForEach(rules.Tell);
        foreach (var command in step.Commands)
            CarryOut(command);

        rules.CheckRest(State, [.. executions.Values.Where(execution => !execution.IsTold).Select(execution => execution.Key)]);
        if (executions.Count > ExecutionsMax && !State.IsFinished && State.Status is not WorkflowStatus.Ending)
            Plan(TimeSpan.Zero, () => new CancelRequested(Now, "Too long a story."));
    }

    void CarryOut(Command command)
    {
        switch (command)
        {
            case StartAction start:
                Begin(start.Key, start.Task, start.Parameters);
                break;
            case AskPeople ask:
                Begin(ask.Key, ask.Task, Value.Null);
                break;
            case CancelRun cancel:
                foreach (var execution in executions.Values.Where(each => each.Key.Run == cancel.Run && !each.IsTold))
                    Plan(TimeSpan.FromSeconds(random.Next(3)), () => End(execution, RunOutcome.Cancelled));
                break;
            case KeepValue keep:
                Check(kept.TryAdd(keep.Key, keep.Value), $"It keeps {keep.Key} twice.");
                break;
        }
    }

    void Begin(RunKey key, string task, Value parameters)
    {
        var fate = new Random(unchecked((seed * 1_000_003) + (workflow.Find(task)!.Index * 7919) + (key.Item * 104_729) + (key.Try * 31)));
        var outcome = fate.Next(10) switch
        {
            0 or 1 => RunOutcome.Failed,
            2 => RunOutcome.Timeout,
            3 when fate.Next(3) == 0 => RunOutcome.Cancelled,
            3 => RunOutcome.Abandoned,
            _ => RunOutcome.Completed,
        };
        var result = outcome is RunOutcome.Completed || fate.Next(2) == 0
            ? Value.Of(new Dictionary<string, Value> { ["n"] = Value.Of((long)fate.Next(5)) })
            : Value.Null;
        var execution = new Execution(key, executions.Count + 1, outcome, result);
        Check(executions.TryAdd(key, execution), $"It starts {key} of {task} twice.");
        byHandle[execution.Handle] = execution;
        Plan(TimeSpan.FromSeconds(fate.Next(9)), () => End(execution, execution.Outcome));
        if (Has(Troubles.Repeats) && random.Next(10) == 0)
            Plan(TimeSpan.FromSeconds(random.Next(30)), () => Known(execution));
    }

    RunEnded? End(Execution execution, RunOutcome outcome)
    {
        if (execution.IsTold)
            return null;

        execution.Outcome = outcome;
        execution.ToldAt = heard.Count;
        return Told(execution);
    }

    // Once more what has been heard, or something of a run that never was.
    RunEnded Known(Execution execution) => execution.IsTold
        ? Told(execution)
        : new RunEnded(Now, execution.Key with { Try = execution.Key.Try + 7 }, RunOutcome.Failed, null, 0);

    RunEnded Told(Execution execution) => new(
        Now, execution.Key, execution.Outcome,
        execution.Outcome is RunOutcome.Completed ? null : new(execution.Outcome is RunOutcome.Abandoned ? "LOST" : "BROKEN", "It broke."),
        execution.Handle);

    Value ItemResults(int run, int heardCount)
    {
        var items = executions.Values.Where(each => each.Key.Run == run && each.ToldAt < heardCount && each.Outcome is RunOutcome.Completed)
            .OrderBy(each => each.Key.Try).ToList();
        var results = new Value[items.Count == 0 ? 0 : items.Max(each => each.Key.Item) + 1];
        foreach (var execution in items)
            results[execution.Key.Item] = execution.Result;
        return Value.Of(results);
    }

    // Nothing is left to happen: it has ended, and somebody may change something.
    bool Change()
    {
        Check(State.IsFinished, $"Nothing is left to happen, but it is {State.Status}{(State.IsPaused ? " and paused" : "")}.");
        if (!Has(Troubles.Reruns) || executions.Count > ExecutionsMax || ++changes > 2 || random.Next(3) > 0)
            return false;

        Plan(TimeSpan.FromSeconds(5), () => random.Next(3) > 0
            ? RandomEdit()
            : new RerunRequested(Now, [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => RandomTask())]));
        return true;
    }

    string RandomTask() => workflow.Tasks[random.Next(workflow.Tasks.Count)].Name;

    EditRequested RandomEdit()
    {
        var task = RandomTask();
        var item = State.Standing(workflow).Single(each => each.Name == task).Items is { Total: > 0 } items && random.Next(2) == 0
            ? random.Next(items.Total)
            : -1;
        var value = Value.Of(new Dictionary<string, Value> { ["n"] = Value.Of(3) });
        return random.Next(2) == 0 ? new(Now, task, item, value, null) : new(Now, task, item, null, value);
    }

    sealed record Execution(RunKey Key, long Handle, RunOutcome Outcome, Value Result)
    {
        public RunOutcome Outcome { get; set; } = Outcome;

        /// <summary>How much had been heard before.</summary>
        public int ToldAt { get; set; } = int.MaxValue;

        public bool IsTold => ToldAt != int.MaxValue;
    }
}
