using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Whose eyes an expression looks through.</summary>
/// <param name="Context">For `vars`.</param>
/// <param name="Ended">For `result` and `error`; null where they mean nothing.</param>
/// <param name="Run">For `item`: which run has the items; 0 where there is none.</param>
/// <param name="Item">For `item` and `index`; -1 where there is none.</param>
readonly record struct View(int Context, EndedRun? Ended = null, int Run = 0, int Item = -1, int Batch = 0);

/// <summary>Unwinds a step that cannot be taken yet, and that nobody will see.</summary>
sealed class ValuesMissingException(IReadOnlyList<ValueKey> keys) : Exception
{
    public IReadOnlyList<ValueKey> Keys => keys;
}

/// <summary>What the names in expressions mean. Only those that are read are looked up: results and items are not at hand.</summary>
sealed class Names(Workflow workflow, WorkflowSurroundings around)
{
    static readonly Dictionary<string, Value> Nothing = [];

    readonly Dictionary<ValueKey, Value> kept = [];
    readonly Value pack = Value.Of(new Dictionary<string, Value> { ["config"] = around.PackConfig });

    public static IEnumerable<VariableUse> ReadBy(Template? template) => template?.Reads.Select(read => read.Use) ?? [];

    public static IEnumerable<VariableUse> ReadBy(Transition transition)
        => (transition is { IsElse: false, When: { } when } ? when.Reads : []).Concat(transition.Publish.SelectMany(ReadBy));

    /// <summary>A value of this very step, which the host cannot know yet.</summary>
    public void Keep(ValueKey key, Value value) => kept[key] = value;

    bool Has(ValueKey key) => kept.ContainsKey(key) || around.Values.ContainsKey(key);

    /// <exception cref="ValuesMissingException">It is not at hand.</exception>
    public Value Get(ValueKey key)
        => kept.TryGetValue(key, out var own) ? own
            : around.Values.TryGetValue(key, out var value) ? value
            : throw new ValuesMissingException([key]);

    /// <summary>Asks for all that these reads need, at once.</summary>
    /// <exception cref="ValuesMissingException">Something is not at hand.</exception>
    public void Demand(Board board, IEnumerable<VariableUse> reads, View view)
    {
        var missing = reads.SelectMany(use => KeysOf(board, use, view)).Where(key => !Has(key)).Distinct().ToList();
        if (missing.Count > 0)
            throw new ValuesMissingException(missing);
    }

    // Values that must be at hand before the variable can be read.
    IEnumerable<ValueKey> KeysOf(Board board, VariableUse use, View view) => use.Path[0] switch
    {
        "result" => KeysOf(view.Ended),
        "item" when view.Item >= 0 => [new(KeptKind.Items, view.Run, 0)],
        "task" => TasksOf(use).Where(_ => ReadsResult(use)).SelectMany(task => KeysOf(board.Tasks.GetValueOrDefault(task.Index)?.Last)),
        _ => [],
    };

    /// <exception cref="ValuesMissingException">Something is not at hand.</exception>
    public Scope ScopeOf(Board board, IReadOnlyCollection<VariableUse> reads, View view, DateTimeOffset now)
    {
        if (reads.Count == 0 && view.Ended is null)
            return new(Nothing, now);

        Demand(board, reads, view);
        var names = new Dictionary<string, Value>
        {
            ["parameters"] = around.Parameters,
            ["pack"] = pack,
            ["execution"] = around.Execution,
        };
        foreach (var root in reads.Select(use => use.Path[0]).Distinct())
        {
            if (root is "vars")
                names[root] = Value.Of(board.Contexts.Read(view.Context));
            else if (root is "task")
                names[root] = TaskMap(board, [.. reads.Where(use => use.Path[0] is "task")]);
            else if (root is "result" && view.Ended is { } ended)
                names[root] = ResultOf(ended);
            else if (root is "item" && view.Item >= 0)
                names[root] = Get(new(KeptKind.Items, view.Run, 0)).AsList()[view.Item];
        }

        if (view.Ended is not null)
            names["error"] = ErrorOf(view.Ended.Error);
        if (view.Item >= 0)
            (names["index"], names["batch"]) = (Value.Of(view.Item), Value.Of(view.Batch));
        return new(names, now) { TaskOutcome = view.Ended is { } over ? OutcomeOf(over.Outcome) : null };
    }

    static TaskOutcome OutcomeOf(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Completed => TaskOutcome.Succeeded,
        RunOutcome.Timeout => TaskOutcome.TimedOut,
        RunOutcome.Cancelled => TaskOutcome.Cancelled,
        _ => TaskOutcome.Failed,
    };

    public static string StatusOf(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Completed => "completed",
        RunOutcome.Timeout => "timeout",
        RunOutcome.Cancelled => "cancelled",
        _ => "failed",
    };

    static Value ErrorOf(TaskError? error) => error is null
        ? Value.Null
        : Value.Of(new Dictionary<string, Value> { ["reason"] = Value.Of(error.Reason), ["message"] = Value.Of(error.Message) });

    static bool ReadsResult(VariableUse use) => use.Path.Count < 3 || use.Path[2] is "result";

    static IEnumerable<ValueKey> KeysOf(EndedRun? ended) => ended switch
    {
        null => [],
        { HasEditedResult: true } => [new(KeptKind.EditedResult, ended.Run, 0)],
        { Items.Total: 0 } => [],
        { Items: { } items } => items.Results
            .Select(edited => new ValueKey(KeptKind.EditedResult, edited.Value, 0, edited.Item))
            .Prepend(new(KeptKind.ItemResults, ended.Run, 0)),
        { Handle: not 0 } => [new(KeptKind.ExecutionResult, 0, ended.Handle)],
        _ => [],
    };

    // `task` alone, as in task[vars.name], may mean any of them.
    IEnumerable<WorkflowTask> TasksOf(VariableUse use)
        => use.Path.Count == 1 ? workflow.Tasks : workflow.Find(use.Path[1]) is { } task ? [task] : [];

    Value TaskMap(Board board, IReadOnlyList<VariableUse> reads)
    {
        var members = new Dictionary<string, Value>();
        var withResult = reads.Where(ReadsResult).SelectMany(TasksOf).Select(task => task.Index).ToHashSet();
        foreach (var task in reads.SelectMany(TasksOf))
        {
            var last = board.Tasks.GetValueOrDefault(task.Index)?.Last;
            members[task.Name] = Value.Of(new Dictionary<string, Value>
            {
                ["status"] = Value.Of(last is null ? "pending" : StatusOf(last.Outcome)),
                ["result"] = last is not null && withResult.Contains(task.Index) ? ResultOf(last) : Value.Null,
                ["error"] = ErrorOf(last?.Error),
            });
        }

        return Value.Of(members);
    }

    Value ResultOf(EndedRun ended)
    {
        var keys = KeysOf(ended).ToList();
        if (keys.Count == 0)
            return ended.Items is null ? Value.Null : Value.Of(ValueList.Empty);
        if (ended.Items is not { } items || ended.HasEditedResult)
            return Get(keys[0]);

        // What is known ends with the last item that gave something.
        var results = new Value[items.Total];
        var given = Get(keys[0]);
        for (var index = 0; given.Kind is ValueKind.List && index < Math.Min(results.Length, given.Items.Count); index++)
            results[index] = given.Items[index];
        foreach (var key in keys.Skip(1))
            results[key.Item] = Get(key);
        return Value.Of(new ValueList(results));
    }
}
