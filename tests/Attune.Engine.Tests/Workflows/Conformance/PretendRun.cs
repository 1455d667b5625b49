using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>A workflow that is carried out: its stored state, and its executions as the script wants them.</summary>
/// <param name="ended">Null for the workflow of the case.</param>
sealed class PretendRun(
    Stage stage, string path, Workflow workflow, WorkflowSurroundings around, Action<RunOutcome, Value, TaskError?>? ended)
{
    readonly List<PretendExecution> executions = [];
    readonly Dictionary<ValueKey, (Value Value, int Step)> kept = [];
    readonly History history = new(workflow, around);

    public string Path => path;

    public Workflow Workflow => workflow;

    public WorkflowState State => history.State;

    public DateTimeOffset? WakeAt => State.WakeAt;

    /// <summary>How it ended last; null while it has not.</summary>
    public FinishWorkflow? Finished { get; private set; }

    /// <summary>What the execution gave that nobody started but somebody reports.</summary>
    public Value Reported { get; set; }

    public IReadOnlyList<TaskStanding> Standing => State.Standing(workflow);

    public void Begin(TimeSpan? timeout, RetryPolicy retry)
        => stage.Plan(stage.Now, () => Hear(new WorkflowStarted(stage.Now, timeout, retry)));

    public void Hear(Happening happening) => Hear(happening, 0);

    public void CheckReplay() => history.CheckReplay(Values);

    /// <param name="knownSince">The step before which it was not certain to come.</param>
    void Hear(Happening happening, int knownSince)
    {
        var wasFinished = State.IsFinished;
        var commands = history.Advance(happening, knownSince, Values);
        CheckCommands(happening, wasFinished, commands);
        foreach (var command in commands)
            CarryOut(command);

        CheckStanding();
        history.CheckEarlyWaking(stage.Now, Values);
    }

    IReadOnlyDictionary<ValueKey, Value> Values(IReadOnlyList<ValueKey> needs, int firstStep, int lastStep)
        => needs.ToDictionary(need => need, need => ValueOf(need, firstStep, lastStep));

    // What steps of the same transaction keep is not stored before it ends.
    Value ValueOf(ValueKey need, int firstStep, int lastStep)
    {
        switch (need.Kind)
        {
            case KeptKind.ExecutionResult when need.Handle < 0:
                return Reported;
            case KeptKind.ExecutionResult:
                var execution = executions.Single(each => each.Handle == need.Handle);
                return execution.EndedIn <= lastStep
                    ? execution.Result
                    : throw new CaseException($"It asks what {execution.Task} gave before that has ended.");
            case KeptKind.ItemResults:
                return ItemResults(need.Run, lastStep);
            default:
                return kept.TryGetValue(need, out var value) && value.Step < firstStep
                    ? value.Value
                    : throw new CaseException($"It asks for {need}, which was not kept.");
        }
    }

    // Of each item its last try; nothing where that did not complete.
    Value ItemResults(int run, int lastStep)
    {
        var ended = executions.Where(each => each.Key.Run == run && each.EndedIn <= lastStep).ToList();
        var items = new Value[ended.Count == 0 ? 0 : ended.Max(each => each.Key.Item) + 1];
        foreach (var execution in ended.OrderBy(each => each.Key.Try))
            items[execution.Key.Item] = execution.Completed ? execution.Result : Value.Null;
        return Value.Of(items);
    }

    void CarryOut(Command command)
    {
        switch (command)
        {
            case StartAction start:
                var task = Named(start.Task, start.Key.Item);
                stage.Tell(Telling.Start(task, start));
                Start(new(start.Key, task, stage.NewHandle()), start, start.Task, start.Parameters, start.Timeout);
                break;
            case AskPeople ask:
                var question = Named(ask.Task, ask.Key.Item);
                stage.Tell(Telling.Ask(question, ask));
                Start(new(ask.Key, question, stage.NewHandle()), null, ask.Task, Value.Of(ask.Prompt), ask.Timeout);
                break;
            case CancelRun cancel:
                Cancel(cancel.Run);
                break;
            case PauseRun pause:
                TellChildren(pause.Run, "pause", () => new PauseRequested(stage.Now, $"{path}: {State.PauseReason}", ByCaller: true));
                break;
            case ResumeRun resume:
                TellChildren(resume.Run, "resume", () => new ResumeRequested(stage.Now, ByCaller: true));
                break;
            case CancelWorkflows cancelled:
                TellChildren(cancelled.Run, "cancel", () => new CancelRequested(stage.Now, "Its workflow was cancelled."));
                break;
            case KeepValue keep:
                if (!kept.TryAdd(keep.Key, (keep.Value, history.Steps - 1)))
                    throw new CaseException($"It keeps {keep.Key} twice.");
                break;
            case FinishWorkflow finish:
                Finish(finish);
                break;
            default:
                Finished = null;
                stage.Tell(Named("workflow", -1) + " goes on");
                break;
        }
    }

    void Start(PretendExecution execution, StartAction? start, string task, Value input, TimeSpan? timeout)
    {
        if (executions.Any(each => each.Key == execution.Key))
            throw new CaseException($"It starts {execution.Key} of {execution.Task} twice.");
        executions.Add(execution);

        var child = start is null ? null : stage.Call(Named(task, -1), start, (outcome, output, error) => End(execution, outcome, output, error));
        if (child is not null)
        {
            execution.Child = child;
            child.Begin(timeout, RetryPolicy.Never);
            return;
        }

        execution.Outcome = stage.Script.For(Named(task, -1), execution.Key.Item);
        var after = execution.Outcome.TimeFor(input);
        if (timeout is { } limit && (execution.Outcome.Ends is null || limit < after))
            Plan(execution, limit, RunOutcome.Timeout, Value.Null, CaseReader.UsualError(RunOutcome.Timeout));
        else if (execution.Outcome.Ends is { } outcome)
            Plan(execution, after, outcome, execution.Outcome.ResultFor(input), execution.Outcome.Error);
    }

    void Cancel(int run)
    {
        var live = executions.Where(each => each.Key.Run == run && !each.HasEnded).ToList();
        if (live.Count == 0)
            throw new CaseException($"It cancels run {run}, of which nothing runs.");
        foreach (var execution in live)
        {
            stage.Tell($"stop {execution.Task}");
            if (execution.Child is { } child)
                stage.Plan(stage.Now, () => child.Hear(new CancelRequested(stage.Now, "Its workflow was cancelled.", Stops: true)));
            else
                Plan(execution, execution.Outcome!.StopsAfter, RunOutcome.Cancelled, Value.Null, CaseReader.UsualError(RunOutcome.Cancelled));
        }
    }

    void TellChildren(int run, string word, Func<Happening> happening)
    {
        foreach (var execution in executions.Where(each => each.Key.Run == run && !each.HasEnded))
        {
            if (execution.Child is not { } child)
                continue;
            stage.Tell($"{word} {execution.Task}");
            stage.Plan(stage.Now, () => child.Hear(happening()));
        }
    }

    void Plan(PretendExecution execution, TimeSpan after, RunOutcome outcome, Value result, TaskError? error)
    {
        var knownSince = history.Steps;
        stage.Plan(stage.Now + after, () => End(execution, outcome, result, error, knownSince));
    }

    void End(PretendExecution execution, RunOutcome outcome, Value result, TaskError? error, int? knownSince = null)
    {
        if (execution.HasEnded)
            return;
        execution.EndedIn = history.Steps;
        execution.Completed = outcome is RunOutcome.Completed;
        execution.Result = result;
        stage.Tell(Telling.End(execution.Task, outcome, error));
        Hear(new RunEnded(stage.Now, execution.Key, outcome, error, execution.Handle), knownSince ?? history.Steps);
    }

    void Finish(FinishWorkflow finish)
    {
        Finished = finish;
        if (executions.FirstOrDefault(each => !each.HasEnded) is { } live)
            throw new CaseException($"The workflow ends while {live.Task} runs.");
        if (ended is null)
            stage.Tell(Telling.End("workflow", finish.Outcome, finish.Error));
        else
            stage.Plan(stage.Now, () => ended(finish.Outcome, finish.Output, finish.Error));
    }

    void CheckCommands(Happening happening, bool wasFinished, IReadOnlyList<Command> commands)
    {
        var isOver = wasFinished;
        foreach (var command in commands)
        {
            if (command is ReopenWorkflow)
                isOver = isOver ? false : throw new CaseException("It reopens a workflow that runs.");
            else if (isOver && command is not KeepValue)
                throw new CaseException($"The workflow has ended, and {happening.GetType().Name} makes it say: {command}");
            else
                isOver |= command is FinishWorkflow;
        }

        if (isOver != State.IsFinished)
            throw new CaseException($"Its commands and its state do not agree whether it has ended; it is {State.Status}.");
    }

    void CheckStanding()
    {
        var live = Standing.SelectMany(task => task.Live).ToHashSet();
        if (executions.FirstOrDefault(each => !each.HasEnded && !live.Contains(each.Key.Run)) is { } lost)
            throw new CaseException($"{lost.Task} runs, but no task has its run {lost.Key.Run} among those that live.");
        if (State.IsFinished && Standing.FirstOrDefault(task => task.State <= TaskState.Running) is { } open)
            throw new CaseException($"The workflow has ended, but task {open.Name} is {open.State}.");
    }

    string Named(string task, int item) => Telling.Name(path.Length > 0 ? $"{path}/{task}" : task, item);
}

/// <param name="Task">With its path and item.</param>
sealed record PretendExecution(RunKey Key, string Task, long Handle)
{
    public Outcome? Outcome { get; set; }

    public PretendRun? Child { get; set; }

    public bool Completed { get; set; }

    public Value Result { get; set; }

    /// <summary>The step that hears of it.</summary>
    public int EndedIn { get; set; } = int.MaxValue;

    public bool HasEnded => EndedIn != int.MaxValue;
}
