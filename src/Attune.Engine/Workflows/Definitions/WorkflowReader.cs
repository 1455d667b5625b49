using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions;
using Attune.Engine.Versions;

namespace Attune.Engine.Workflows.Definitions;

/// <summary>Turns a definition into a compiled graph, or lists every mistake in it.</summary>
sealed partial class WorkflowReader
{
    const int EdgesMax = 100_000;
    const string DefaultVersion = "1.0.0";

    static readonly Template EmptyMap = new(new TemplateConstant(Value.Of(ValueMap.Empty)));

    static readonly Value Harmless = Value.Of(new Dictionary<string, Value> { ["action"] = Value.Of("core.noop") });

    readonly Mistakes mistakes;
    readonly Dictionary<string, int> names = new(StringComparer.Ordinal);
    readonly List<DefinitionFields> found = [];
    readonly List<string> nameOf = [];

    bool isFlowKnown;

    WorkflowReader(Mistakes mistakes) => this.mistakes = mistakes;

    public static WorkflowReading Read(JsonElement definition)
    {
        var problems = new List<WorkflowProblem>();
        var mistakes = new Mistakes(problems);
        try
        {
            var value = Value.FromJson(definition);
            if (value.Kind is ValueKind.Map)
            {
                var reader = new WorkflowReader(mistakes);
                var sketch = reader.Read(new DefinitionFields(value, "", mistakes));
                return new() { Problems = problems, Sketch = sketch, IsFlowKnown = reader.isFlowKnown };
            }

            mistakes.Report("", $"A workflow must be a mapping with `tasks`, not {DefinitionFields.NameOf(value.Kind)}.");
        }
        catch (JsonException exception)
        {
            mistakes.Report("", $"The definition cannot be read: {exception.Message}");
        }

        return new() { Problems = problems, Sketch = null, IsFlowKnown = false };
    }

    Workflow? Read(DefinitionFields fields)
    {
        var version = fields.Text("version") ?? DefaultVersion;
        if (!SemVersion.TryParse(version, out _))
            fields.Report("version", $"'{Mistakes.Cut(version)}' is no version; write three numbers, as in 1.0.0.");
        var vars = fields.TemplateMap("vars") ?? EmptyMap;
        Tasks(fields);
        var output = fields.TemplateMap("output_map");
        var timeout = fields.Number("timeout", 1, Workflow.SecondsMax);
        var cancellation = fields.Choice("cancellation", "allow_finish", "cancel_running");
        fields.Done();

        var tasks = Graph();
        var roots = tasks.Where(task => task.Sources.All(source => source == task.Index)).Select(task => task.Index).ToArray();
        if (tasks.Length == 0)
            return null;
        if (isFlowKnown && roots.Length == 0)
            mistakes.Report("tasks", $"There is no task to start with: each is named by a `do` or an `on_error` of another. Put one before them, such as `start: {{action: core.noop, next: [{{do: {tasks[0].Name}}}]}}`.");

        return new()
        {
            Version = version,
            Tasks = tasks,
            Vars = vars,
            OutputMap = output,
            Timeout = timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Cancellation = cancellation is "allow_finish" ? CancellationPolicy.AllowFinish : CancellationPolicy.CancelRunning,
            Roots = roots,
        };
    }

    void Tasks(DefinitionFields fields)
    {
        if (fields.Find("tasks") is not { } tasks)
        {
            fields.Report("tasks", "is missing.");
            return;
        }

        if (!fields.Expect("tasks", tasks, "a mapping of names to tasks, or a list of tasks", ValueKind.Map, ValueKind.List))
            return;

        var count = tasks.Kind is ValueKind.Map ? tasks.AsMap().Count : tasks.AsList().Count;
        if (count is 0 or > Workflow.TasksMax)
        {
            fields.Report("tasks", count == 0 ? "must hold at least one task." : $"holds {count} tasks; at most {Workflow.TasksMax} are allowed.");
            return;
        }

        if (tasks.Kind is ValueKind.Map)
        {
            foreach (var (name, task) in tasks.AsMap())
                Add(fields, name, task, $"tasks.{Mistakes.Cut(name)}", $"tasks.{Mistakes.Cut(name)}");
        }
        else
        {
            for (var index = 0; index < count; index++)
                Listed(fields, tasks.AsList()[index], $"tasks[{index}]");
        }
    }

    void Listed(DefinitionFields fields, Value task, string place)
    {
        if (!fields.Expect(place, task, "a mapping", ValueKind.Map))
            return;
        if (!task.TryGet("name", out var name) || name.Kind is ValueKind.Null)
            fields.Report(place, "has no `name`.");
        else if (fields.Expect($"{place}.name", name, "a text", ValueKind.String))
            Add(fields, name.AsString(), task, place, $"{place}.name");
    }

    void Add(DefinitionFields fields, string name, Value task, string place, string placeOfName)
    {
        if (FlowReader.Words.ContainsKey(name))
            fields.Report(placeOfName, $"'{name}' is a command of transitions; name the task differently.");
        else if (!TaskName().IsMatch(name))
            fields.Report(placeOfName, $"'{Mistakes.Cut(name)}' is no name of a task: use lower-case letters, digits and `_`, at most 64, and begin with a letter.");
        else if (!names.TryAdd(name, found.Count))
            fields.Report(placeOfName, $"'{name}' is the name of an earlier task already.");
        else
            place = $"tasks.{name}";

        // A task whose name cannot be used is still looked at; nothing can name it.
        if (!fields.Expect(place, task, "a mapping", ValueKind.Map))
            task = Harmless;
        found.Add(new(task, place, mistakes));
        nameOf.Add(name);
    }

    WorkflowTask[] Graph()
    {
        var reader = new FlowReader(names);
        isFlowKnown = names.Count == found.Count;
        var flows = found.ConvertAll(reader.Read);
        var sources = found.ConvertAll(_ => new List<int>());
        var edges = 0;
        for (var index = 0; index < flows.Count; index++)
        {
            foreach (var target in flows[index].Targets)
            {
                edges++;
                if (sources[target] is not [.., var last] || last != index)
                    sources[target].Add(index);
            }
        }

        if (edges > EdgesMax)
            mistakes.Report("tasks", $"The transitions name {edges} tasks in all; at most {EdgesMax} are allowed.");

        // While a name is wrong, what leads to a task is not known.
        isFlowKnown &= !reader.MissedTargets;
        for (var index = 0; isFlowKnown && index < found.Count; index++)
        {
            if (sources[index].TrueForAll(source => source == index) && found[index].Has("join"))
                found[index].Report("join", "No other task leads to this one, so there is nothing to join. Name it in the `do` of others, or leave `join` out.");
        }

        return [.. found.Select((fields, index) => TaskReader.Read(fields, nameOf[index], index, flows[index], sources[index]))];
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex TaskName();
}
