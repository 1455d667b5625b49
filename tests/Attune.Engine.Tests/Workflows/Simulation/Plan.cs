using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>A random workflow, in a form in which parts can be taken away.</summary>
sealed record Plan(IReadOnlyList<TaskPlan> Tasks, string Cancellation, int? Timeout, int Attempts)
{
    /// <summary>Null where nothing is left to start with, or a part was missed.</summary>
    public Workflow? Read() => Workflow.Read(JsonElement.Parse(ToString()), []);

    /// <summary>The same, with one part less.</summary>
    public IEnumerable<Plan> Smaller()
    {
        for (var index = 0; index < Tasks.Count; index++)
        {
            var gone = Tasks[index].Name;
            yield return this with { Tasks = [.. Tasks.Where(task => task.Name != gone).Select(task => task.Without(gone))] };
        }

        if (Timeout is not null)
            yield return this with { Timeout = null };
        if (Attempts > 1)
            yield return this with { Attempts = 1 };
        for (var index = 0; index < Tasks.Count; index++)
        {
            foreach (var smaller in Tasks[index].Smaller())
                yield return this with { Tasks = [.. Tasks.Take(index), smaller, .. Tasks.Skip(index + 1)] };
        }
    }

    public override string ToString()
    {
        var tasks = new JsonObject();
        foreach (var task in Tasks)
            tasks[task.Name] = task.Json();
        var outputs = new JsonObject();
        foreach (var task in Tasks)
            outputs[task.Name] = $"{{{{ [task.{task.Name}.status, default(vars.{task.Name}, null)] }}}}";
        var definition = new JsonObject { ["tasks"] = tasks, ["output_map"] = outputs, ["cancellation"] = Cancellation };
        if (Timeout is { } timeout)
            definition["timeout"] = timeout;
        return definition.ToJsonString(new() { WriteIndented = true });
    }
}

/// <param name="Fields">Everything but its name and transitions; what is an inquiry or has items is here too.</param>
sealed record TaskPlan(string Name, IReadOnlyDictionary<string, JsonNode> Fields, IReadOnlyList<TransitionPlan> Next)
{
    public TaskPlan Without(string task) => this with
    {
        Fields = Fields.Where(field => field.Value.ToJsonString() != $"\"{task}\"").ToDictionary(),
        Next = [.. Next.Select(transition => transition with { Do = [.. transition.Do.Where(target => target != task)] })],
    };

    public IEnumerable<TaskPlan> Smaller()
    {
        foreach (var name in Fields.Keys.Where(name => name is not ("action" or "inquiry" or "input" or "on_error")))
            yield return this with { Fields = Fields.Where(field => field.Key != name).ToDictionary() };
        for (var index = 0; index < Next.Count; index++)
        {
            yield return this with { Next = [.. Next.Take(index), .. Next.Skip(index + 1)] };
            foreach (var target in Next[index].Do)
            {
                var less = Next[index] with { Do = [.. Next[index].Do.Where(other => other != target)] };
                yield return this with { Next = [.. Next.Take(index), less, .. Next.Skip(index + 1)] };
            }
        }
    }

    public JsonNode Json()
    {
        var json = new JsonObject();
        foreach (var (name, value) in Fields)
            json[name] = value.DeepClone();
        if (Next.Count > 0)
            json["next"] = new JsonArray([.. Next.Select(transition => transition.Json())]);
        return json;
    }
}

/// <param name="When">`else` where it is no condition.</param>
sealed record TransitionPlan(string? When, IReadOnlyDictionary<string, string> Publish, IReadOnlyList<string> Do)
{
    public JsonNode Json()
    {
        var json = new JsonObject();
        if (When is "else")
            json["else"] = true;
        else if (When is not null)
            json["when"] = When;
        if (Publish.Count > 0)
            json["publish"] = new JsonObject(Publish.Select(variable => KeyValuePair.Create(variable.Key, (JsonNode?)variable.Value)));
        json["do"] = new JsonArray([.. Do.Select(target => (JsonNode?)target)]);
        return json;
    }
}
