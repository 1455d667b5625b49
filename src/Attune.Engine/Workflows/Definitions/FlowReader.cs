using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>What follows a task.</summary>
sealed record TaskFlow(IReadOnlyList<Transition> Next, OnError OnError)
{
    public IEnumerable<int> Targets
        => Next.SelectMany(transition => transition.Do).Select(target => target.Task).Where(task => task >= 0).Concat(OnError.Tasks);
}

/// <summary>Reads `next` and `on_error`: what names other tasks.</summary>
sealed class FlowReader(IReadOnlyDictionary<string, int> tasks)
{
    public static readonly IReadOnlyDictionary<string, WorkflowCommandWord> Words = new Dictionary<string, WorkflowCommandWord>
    {
        ["fail"] = WorkflowCommandWord.Fail,
        ["noop"] = WorkflowCommandWord.Noop,
        ["continue"] = WorkflowCommandWord.Continue,
        ["retry"] = WorkflowCommandWord.Retry,
    };

    static readonly OnError Fails = new(WorkflowCommandWord.Fail, []);

    readonly List<string> names = [.. tasks.Keys, .. Words.Keys];

    /// <summary>Something leads to a task that is not there, or somewhere that could not be read.</summary>
    public bool MissedTargets { get; private set; }

    public TaskFlow Read(DefinitionFields task) => new(Next(task), OnErrorOf(task));

    List<Transition> Next(DefinitionFields task)
    {
        var transitions = new List<Transition>();
        if (task.Find("next") is not { } next || !task.Expect("next", next, "a list of transitions", ValueKind.List))
            return transitions;

        for (var index = 0; index < next.AsList().Count; index++)
        {
            var (place, each) = ($"next[{index}]", next.AsList()[index]);
            if (task.Expect(place, each, "a mapping of `when`, `publish`, `do` and `else`", ValueKind.Map))
                transitions.Add(Read(new DefinitionFields(each, task.Full(place), task.Mistakes), transitions));
        }

        return transitions;
    }

    Transition Read(DefinitionFields fields, List<Transition> before)
    {
        var isElse = fields.Flag("else");
        if (isElse && fields.Has("when"))
            fields.Report("when", "does not go with `else`, which asks for nothing but that no transition before it fired.");
        if (isElse && before.Count == 0)
            fields.Report("else", "must stand after the transitions that it is the alternative to.");
        else if (isElse && before.Exists(transition => transition.IsElse || transition.IsAlways))
            fields.Report("else", "can never fire: one of the transitions before it always does.");

        var transition = new Transition
        {
            When = fields.Condition("when"),
            IsElse = isElse,
            Publish = Publish(fields),
            Do = [.. Names(fields, "do").Select(each => Target(fields, each.Place, each.Name)).OfType<TransitionTarget>()],
        };
        fields.Done();
        return transition;
    }

    static List<Template> Publish(DefinitionFields fields)
    {
        var templates = new List<Template>();
        if (fields.Find("publish") is not { } publish || !fields.Expect("publish", publish, "a mapping or a list of mappings", ValueKind.Map, ValueKind.List))
            return templates;
        if (publish.Kind is ValueKind.Map)
            return fields.Compile("publish", publish) is { } single ? [single] : templates;

        for (var index = 0; index < publish.AsList().Count; index++)
        {
            var (place, each) = ($"publish[{index}]", publish.AsList()[index]);
            if (fields.Expect(place, each, "a mapping", ValueKind.Map) && fields.Compile(place, each) is { } template)
                templates.Add(template);
        }

        return templates;
    }

    OnError OnErrorOf(DefinitionFields task)
    {
        var given = Names(task, "on_error").ToList();
        if (given is [{ Name: "fail" or "continue" } word])
            return word.Name is "fail" ? Fails : new(WorkflowCommandWord.Continue, []);

        var targets = new List<int>();
        foreach (var (place, name) in given)
        {
            if (Words.ContainsKey(name))
                task.Report(place, $"'{name}' does not go here: `on_error` is `fail`, `continue`, or names of tasks.");
            else if (Target(task, place, name) is { } target)
                targets.Add(target.Task);
        }

        return targets.Count > 0 ? new(WorkflowCommandWord.None, targets) : Fails;
    }

    TransitionTarget? Target(DefinitionFields fields, string place, string name)
    {
        if (Words.TryGetValue(name, out var word))
            return new(word, -1);
        if (tasks.TryGetValue(name, out var task))
            return new(WorkflowCommandWord.None, task);

        MissedTargets = true;
        fields.Report(place, $"There is no task '{Mistakes.Cut(name)}'.{fields.Mistakes.Near(name, names)}");
        return null;
    }

    // A name, or a list of names, each once.
    static IEnumerable<(string Place, string Name)> Names(DefinitionFields fields, string field)
    {
        if (fields.Find(field) is not { } given || !fields.Expect(field, given, "the name of a task or a list of names", ValueKind.String, ValueKind.List))
            yield break;

        if (given.Kind is ValueKind.String)
        {
            yield return (field, given.AsString());
            yield break;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < given.AsList().Count; index++)
        {
            var (place, each) = ($"{field}[{index}]", given.AsList()[index]);
            if (!fields.Expect(place, each, "the name of a task", ValueKind.String))
                continue;
            if (seen.Add(each.AsString()))
                yield return (place, each.AsString());
            else
                fields.Report(place, $"names '{Mistakes.Cut(each.AsString())}' a second time.");
        }
    }
}
