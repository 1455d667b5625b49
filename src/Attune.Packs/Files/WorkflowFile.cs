using System.Text;
using System.Text.Json;
using Attune.Engine.Workflows;
using Attune.Packs.Yaml;

namespace Attune.Packs.Files;

/// <summary>A mistake in a workflow's file.</summary>
/// <param name="Line">From 1; 0 where the file as a whole is meant.</param>
/// <param name="Column">From 1; 0 where the line as a whole is meant.</param>
/// <param name="Path">`tasks.issue.next[0].when`; empty where no field is meant.</param>
public sealed record WorkflowFileProblem(int Line, int Column, string Path, string Message);

/// <summary>`actions/workflows/*.workflow.yaml`: the graph of a workflow, YAML or JSON, with its lines.</summary>
public sealed class WorkflowFile
{
    readonly YamlMap? root;
    readonly WorkflowReading? reading;
    readonly IReadOnlyList<WorkflowFileProblem> ofFile;

    // Tasks go by their names in paths; in a list they have places.
    readonly Dictionary<string, int> listed = new(StringComparer.Ordinal);

    WorkflowFile(IReadOnlyList<WorkflowFileProblem> problems) => ofFile = problems;

    WorkflowFile(YamlMap map, List<WorkflowFileProblem> problems)
    {
        root = map;
        var tasks = (map.Find("tasks")?.Value as YamlList)?.Items ?? [];
        for (var index = 0; index < tasks.Count; index++)
        {
            if (tasks[index] is YamlMap task && task.Find("name")?.Value is YamlScalar name)
                listed.TryAdd(name.Text, index);
        }

        reading = WorkflowReading.Read(JsonElement.Parse(map.ToJson()));
        Json = Workflow is null ? null : Normal(map).ToJson();
        ofFile = problems;
    }

    /// <summary>The definition as it is stored: tasks are a list in the order of the file, each with its `name`. Null where it could not be read.</summary>
    public string? Json { get; }

    /// <summary>Null where it could not be read.</summary>
    public Workflow? Workflow => reading?.Workflow;

    /// <summary>Refs of the actions that it calls as far as it could be read, each once.</summary>
    public IReadOnlyList<string> Actions => reading?.Actions ?? [];

    /// <summary>Never throws for what is in the text; see <see cref="PackReader"/> for the limits.</summary>
    public static WorkflowFile Read(string yaml)
    {
        var problems = new List<WorkflowFileProblem>();
        var node = YamlFile.Read(Encoding.UTF8.GetBytes(yaml), (line, message) => problems.Add(new(line, 0, "", message)));
        if (node is YamlMap map)
            return new(map, problems);

        if (node is not null)
            problems.Add(new(node.Line, node.Place.Column, "", "must be a mapping of fields."));
        return new(problems);
    }

    internal static WorkflowFile Of(YamlMap map) => new(map, []);

    /// <summary>Every mistake, in the order of the file: those of reading it and those among what is around it.</summary>
    public IReadOnlyList<WorkflowFileProblem> Check(WorkflowCheckSurroundings around)
        => InOrder([.. Problems, .. CheckFurther(around)]);

    /// <summary>Only those among what is around it.</summary>
    internal IReadOnlyList<WorkflowFileProblem> CheckFurther(WorkflowCheckSurroundings around)
        => InOrder([.. (reading is null ? [] : WorkflowCheck.Find(reading, around)).Select(Placed)]);

    /// <summary>Only those of reading it.</summary>
    internal IReadOnlyList<WorkflowFileProblem> Problems => InOrder([.. ofFile, .. (reading?.Problems ?? []).Select(Placed)]);

    internal YamlPlace PlaceOf(string path)
    {
        if (path.StartsWith("tasks.", StringComparison.Ordinal) && path["tasks.".Length..] is var below
            && below.IndexOf('.') is var dot && listed.TryGetValue(dot < 0 ? below : below[..dot], out var index))
        {
            path = $"tasks[{index}]{(dot < 0 ? "" : below[dot..])}";
        }

        return root?.PlaceOf(path) ?? default;
    }

    static IReadOnlyList<WorkflowFileProblem> InOrder(IReadOnlyList<WorkflowFileProblem> problems)
        => [.. problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)];

    WorkflowFileProblem Placed(WorkflowProblem problem)
    {
        var place = problem.Path is "" ? default : PlaceOf(problem.Path);
        return new(place.Line, place.Column, problem.Path, problem.Message);
    }

    // jsonb forgets the order of members, and the order of tasks has a meaning.
    static YamlMap Normal(YamlMap root) => root with { Entries = [.. root.Entries.Select(entry => entry.Key is "tasks" ? Listed(entry) : entry)] };

    static YamlEntry Listed(YamlEntry tasks) => tasks.Value is YamlMap map
        ? tasks with { Value = new YamlList(map.Place, [.. map.Entries.Select(Named)], map.Size) }
        : tasks;

    static YamlMap Named(YamlEntry task)
    {
        var map = (YamlMap)task.Value;
        var name = new YamlEntry("name", task.Place, new YamlScalar(task.Place, task.Key, IsPlain: false));
        return map with { Entries = [name, .. map.Entries.Where(entry => entry.Key is not "name")] };
    }
}
