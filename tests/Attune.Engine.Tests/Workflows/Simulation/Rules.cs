using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>What holds for every workflow, known from its graph and from what it said and heard.</summary>
/// <param name="startsOver">The whole may be tried again, and counts anew then.</param>
sealed class Rules(Workflow workflow, bool startsOver)
{
    readonly Dictionary<int, string> taskOfRun = [];
    readonly HashSet<RunKey> live = [];
    readonly Dictionary<string, int> runs = [];
    readonly LowerBounds least = new(workflow);
    bool isChanged;

    /// <summary>Of each task that ran, by name. A run whose input could not be rendered is none.</summary>
    public IReadOnlyDictionary<string, int> Runs => runs;

    public void Tell(RunEnded ended)
    {
        if (live.Remove(ended.Key) && ended.Outcome is RunOutcome.Completed)
            least.Completed(ended.Key, taskOfRun[ended.Key.Run]);
    }

    public void CheckStep(IReadOnlyList<Happening> happenings, WorkflowState before, WorkflowState after, IReadOnlyList<Command> commands)
    {
        var starts = commands.FirstOrDefault(command => command is StartAction or AskPeople);
        var isAtItsEnd = before.Status is WorkflowStatus.Ending && after.Status is not WorkflowStatus.Running;
        if (!happenings.Any(happening => happening is RerunRequested or EditRequested))
        {
            World.Check(starts is null || !isAtItsEnd, $"It was ending and says {starts}.");
            World.Check(starts is null || happenings[0] is not CancelRequested, $"It was cancelled and says {starts}.");
        }

        if (happenings.Count > 1)
            return;
        World.Check(starts is null || !before.IsPaused || !after.IsPaused, $"It is paused and says {starts}.");
        if (happenings[0] is EditRequested edit)
            CheckEdit(edit, before, commands);
    }

    public void CheckCommands(IReadOnlyList<Command> commands, bool wasFinished, WorkflowState after)
    {
        var isOver = wasFinished;
        foreach (var command in commands)
        {
            World.Check(!isOver || command is ReopenWorkflow or KeepValue, $"It has ended and says {command}.");
            switch (command)
            {
                case StartAction start:
                    Started(start.Key, start.Task);
                    break;
                case AskPeople ask:
                    Started(ask.Key, ask.Task);
                    break;
                case CancelRun { Run: var run }:
                    CheckLive(run, command);
                    break;
                case CancelWorkflows { Run: var run }:
                    CheckLive(run, command);
                    break;
                case PauseRun { Run: var run }:
                    CheckLive(run, command);
                    break;
                case ResumeRun { Run: var run }:
                    CheckLive(run, command);
                    break;
                case KeepValue { Key.Kind: KeptKind.Items } list:
                    least.Began(list.Key.Run, list.Value.AsList().Count);
                    break;
                case KeepValue:
                    isChanged = true;
                    break;
                case ReopenWorkflow:
                    World.Check(isOver, "It goes on although it has not ended.");
                    (isOver, isChanged) = (false, true);
                    break;
                case FinishWorkflow finish:
                    World.Check((finish.Error is null) == (finish.Outcome is RunOutcome.Completed), $"Its outcome does not go with its error: {finish}");
                    isOver = true;
                    break;
            }
        }

        World.Check(isOver == after.IsFinished, "Its commands and its state do not agree whether it has ended.");
    }

    public void CheckRest(WorkflowState state, IReadOnlyList<RunKey> running)
    {
        var standing = state.Standing(workflow);
        var known = standing.SelectMany(task => task.Live).ToHashSet();
        World.Check(running.All(key => known.Contains(key.Run)), "An execution runs of which the state knows nothing.");
        if (state.IsFinished)
        {
            World.Check(running.Count == 0, "It has ended while something runs.");
            World.Check(standing.All(task => task.State > TaskState.Running), "It has ended but for a task.");
            World.Check(state.WakeAt is null, "It has ended and waits for a time.");
        }
        else
        {
            World.Check(
                running.Count > 0 || state.IsPaused || state.Status is WorkflowStatus.Requested
                    || (state.WakeAt is not null && state.Status is not WorkflowStatus.Ending),
                "It waits for nothing, and has not ended.");
        }

        var executing = standing.SelectMany(task => task.Executing).ToHashSet();
        World.Check(executing.SetEquals(running.Select(key => key.Run)), "It does not know what executes.");

        CheckCounts(state, standing);
    }

    // What executes is left alone; everything else that has been reached may be changed.
    void CheckEdit(EditRequested edit, WorkflowState before, IReadOnlyList<Command> commands)
    {
        var standing = before.Standing(workflow).Single(task => task.Name == edit.Task);
        var isKept = commands.Any(command => command is KeepValue { Key.Kind: KeptKind.EditedInput or KeptKind.EditedResult });
        var executes = edit.Item < 0 ? standing.Executing.Count > 0 : standing.ExecutingItems.Contains(edit.Item);
        var mayBe = (before.IsPaused || before.IsFinished) && !executes;
        World.Check(mayBe || !isKept, $"It takes {edit}, though that executes or the workflow runs.");
        var isExhausted = before.Error?.Reason is "RUNS_EXCEEDED";
        World.Check(isKept || !mayBe || startsOver || standing.RunCount == 0 || isExhausted, $"It does not take {edit}.");
    }

    void Started(RunKey key, string task)
    {
        if (taskOfRun.TryGetValue(key.Run, out var known))
        {
            World.Check(known == task, $"Run {key.Run} was of {known}, now it is of {task}.");
        }
        else
        {
            taskOfRun[key.Run] = task;
            runs[task] = runs.GetValueOrDefault(task) + 1;
        }

        live.Add(key);
    }

    void CheckLive(int run, Command command)
        => World.Check(live.Any(key => key.Run == run), $"It says {command}, but nothing of that runs.");

    // How often a task may have been run follows from how often those before it were. Attempts at the whole and changes add to that.
    void CheckCounts(WorkflowState state, IReadOnlyList<TaskStanding> standing)
    {
        if (isChanged || startsOver)
            return;

        foreach (var task in workflow.Tasks)
        {
            var limit = workflow.Roots.Contains(task.Index) ? 1 : 0;
            if (task.JoinCount > 0)
            {
                var arrivals = task.Sources.Select(source => Ends(source)).OrderDescending().ToList();
                limit += task.Sources.Count < task.JoinCount ? 0 : arrivals[task.JoinCount - 1];
            }
            else
            {
                limit += task.Sources.Sum(source => Ends(source) * Edges(workflow.Tasks[source], task.Index));
            }

            World.Check(standing[task.Index].RunCount <= limit, $"{task.Name} was run {standing[task.Index].RunCount} times; the graph allows {limit}.");
        }

        // Of one that is ending, or paused, what has ended is not followed.
        if (state.Status is WorkflowStatus.Running or WorkflowStatus.Completed && !state.IsPaused)
            least.Check(standing);

        // By `retry` a task may end more often than it was begun.
        int Ends(int source) => standing[source].RunCount - standing[source].Live.Count + Again(source);

        int Again(int source) => workflow.Tasks[source].Next.Any(transition => transition.Do.Any(target => target.Word is WorkflowCommandWord.Retry)) ? 10_000 : 0;
    }

    static int Edges(WorkflowTask source, int target)
        => source.Next.Sum(transition => transition.Do.Count(each => each.Task == target)) + source.OnError.Tasks.Count(each => each == target);
}
