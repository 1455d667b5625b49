using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Who wants a workflow to stand still.</summary>
[Flags]
enum Pausers
{
    None = 0,
    Person = 1,

    /// <summary>The workflow that called it.</summary>
    Caller = 2,
}

/// <summary>What has been ended of an ending workflow, besides its questions.</summary>
enum EndingReach
{
    Nothing,

    /// <summary>Its sub-workflows, each as its own policy says.</summary>
    Workflows,
    Everything,
}

/// <summary>All that is known of a running workflow. Whoever advances it works on a clone; what it holds is immutable.</summary>
sealed class Board
{
    public WorkflowStatus Status { get; set; }

    /// <summary>Set while it is Ending.</summary>
    public WorkflowStatus? EndsAs { get; set; }
    public TaskError? Error { get; set; }

    /// <summary>While it is Ending.</summary>
    public EndingReach Reach { get; set; }
    public DateTimeOffset? PausedAt { get; set; }
    public Pausers PausedBy { get; set; }
    public string? PauseReason { get; set; }

    /// <summary>Of each attempt at the whole workflow.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>Counts until it has ended, or all that runs has been told to stop.</summary>
    public DateTimeOffset? Deadline { get; set; }
    public RetryPolicy Retry { get; set; } = RetryPolicy.Never;

    /// <summary>From 1.</summary>
    public int Attempt { get; set; } = 1;

    /// <summary>When the next attempt begins; nothing runs before.</summary>
    public DateTimeOffset? RestartAt { get; set; }

    public int LastRun { get; set; }
    public long LastArrival { get; set; }

    /// <summary>By index of the task; who is not here was not reached.</summary>
    public Dictionary<int, TaskRecord> Tasks { get; private init; } = [];

    /// <summary>By number: runs that are not over.</summary>
    public Dictionary<int, Run> Runs { get; private init; } = [];

    /// <summary>By index of the task.</summary>
    public Dictionary<int, JoinRounds> Joins { get; private init; } = [];
    public Contexts Contexts { get; set; } = new(ValueMap.Empty);

    /// <summary>What ended while it was paused, in order.</summary>
    public OrderedDictionary<RunKey, RunEnded> Held { get; private init; } = [];

    public bool IsPaused => PausedAt is not null;

    public bool IsFinished
        => Status is WorkflowStatus.Completed or WorkflowStatus.Failed or WorkflowStatus.Timeout or WorkflowStatus.Cancelled;

    /// <summary>An execution of it has not ended, as far as is known; one that ended while it was paused has.</summary>
    public bool IsExecuting(Run run) => run.IsLive
        && (Held.Count == 0
            || (run.Items is { } items ? items.Open.Any(open => IsExecuting(run, open)) : !Held.ContainsKey(new(run.Number, -1, run.Try))));

    public bool IsExecuting(Run run, OpenItem open) => open.IsRunning && !Held.ContainsKey(new(run.Number, open.Item, open.Try));

    /// <summary>In the order of their numbers.</summary>
    public IEnumerable<Run> RunsInOrder => Runs.Values.OrderBy(run => run.Number);

    /// <summary>In the order in which they came.</summary>
    public IEnumerable<Arrival> ArrivalsInOrder
        => Joins.Values.SelectMany(join => join.Waiting).SelectMany(arrivals => arrivals).Where(arrival => arrival.Order > 0).OrderBy(arrival => arrival.Order);

    /// <summary>Nodes of the branches that are not over: those that run first.</summary>
    public IEnumerable<int> BranchesInOrder
        => RunsInOrder.Select(run => run.Context).Concat(ArrivalsInOrder.Select(arrival => arrival.Context));

    /// <summary>When something is due; null while nothing is.</summary>
    public DateTimeOffset? WakeAt
    {
        get
        {
            if (IsPaused || Status is not (WorkflowStatus.Running or WorkflowStatus.Ending))
                return null;
            if (Status is WorkflowStatus.Ending)
                return Deadline;

            var wakeAt = Earlier(Deadline, RestartAt);
            foreach (var run in Runs.Values)
            {
                wakeAt = Earlier(wakeAt, run.Until);
                if (run.Items is not { } items)
                    continue;
                foreach (var open in items.Open)
                    wakeAt = Earlier(wakeAt, open.Until);
            }

            return wakeAt;
        }
    }

    public Board Clone() => new()
    {
        Status = Status,
        EndsAs = EndsAs,
        Error = Error,
        Reach = Reach,
        PausedAt = PausedAt,
        PausedBy = PausedBy,
        PauseReason = PauseReason,
        Timeout = Timeout,
        Deadline = Deadline,
        Retry = Retry,
        Attempt = Attempt,
        RestartAt = RestartAt,
        LastRun = LastRun,
        LastArrival = LastArrival,
        Tasks = new(Tasks),
        Runs = new(Runs),
        Joins = new(Joins),
        Contexts = Contexts.Clone(),
        Held = new(Held),
    };

    static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other)
        => one is null ? other : other is null || one < other ? one : other;
}
