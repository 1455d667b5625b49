using System.Text.Json.Nodes;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>Workflows at random: forks, joins, cycles with an exit, items, retries, delays, questions and every command.</summary>
/// <param name="isSteady">Only such as do the same whatever order things end in: every failure is handled, nothing ends the workflow early.</param>
sealed class RandomPlans(Random random, bool isSteady)
{
    static readonly string[] Conditions
        = ["succeeded()", "failed()", "true", "timed_out()", "cancelled() or failed()", "default(result.n, 0) > 1", "result.n > 2", "default(vars.t0, 0) > 1"];

    static readonly string[] SteadyConditions = ["succeeded()", "failed()", "true"];

    public Plan Next()
    {
        var count = random.Next(1, 9);
        var tasks = Enumerable.Range(0, count).Select(index => Task(index, count)).ToList();
        return new(
            tasks, Chance(0.3) ? "cancel_running" : "allow_finish", !isSteady && Chance(0.1) ? random.Next(5, 60) : null,
            !isSteady && Chance(0.15) ? random.Next(2, 4) : 1);
    }

    TaskPlan Task(int index, int count)
    {
        var fields = new Dictionary<string, JsonNode>();
        if (Chance(0.1))
            fields["inquiry"] = new JsonObject { ["prompt"] = "Go on?" };
        else
            fields["action"] = "test.run";
        if (fields.ContainsKey("action") && Chance(0.5))
            fields["input"] = Input(index);
        if (Chance(0.25))
            Items(fields);
        if (Chance(0.25))
            fields["retry"] = Retry();
        if (Chance(0.2))
            fields["delay"] = random.Next(6);
        if (index > 0 && Chance(0.4))
            fields["join"] = Chance(0.6) ? "all" : (JsonNode)random.Next(1, 3);
        if (isSteady || Chance(0.3))
            fields["on_error"] = isSteady || Chance(0.5) ? "continue" : $"t{random.Next(Math.Min(index + 1, count - 1), count)}";
        return new($"t{index}", fields, Transitions(index, count));
    }

    JsonObject Input(int index) => random.Next(5) switch
    {
        0 => new() { ["v"] = "{{ default(vars.t0, 0) }}" },
        1 => new() { ["v"] = $"{{{{ task.t{random.Next(index + 1)}.result }}}}" },
        2 when !isSteady => new() { ["v"] = "{{ vars.t1 }}" },
        _ => new() { ["v"] = 1 },
    };

    void Items(Dictionary<string, JsonNode> fields)
    {
        fields["with_items"] = Chance(0.1) && !isSteady ? "{{ default(vars.t0, [1]) }}" : $"{{{{ range({random.Next(8)}) }}}}";
        fields["input"] = new JsonObject { ["v"] = "{{ [item, index, batch] }}" };
        if (fields.ContainsKey("inquiry"))
            fields.Remove("input");
        if (Chance(0.7))
            fields["concurrency"] = random.Next(1, 4);
        if (Chance(0.3))
            fields["batch_size"] = random.Next(1, 4);
    }

    JsonObject Retry()
    {
        var retry = new JsonObject { ["count"] = random.Next(1, 3), ["delay"] = random.Next(4) };
        if (Chance(0.3))
            retry["backoff"] = "exponential";
        if (!isSteady && Chance(0.2))
            retry["when"] = Chance(0.5) ? "error.reason != 'LOST'" : "result.n > 0";
        return retry;
    }

    List<TransitionPlan> Transitions(int index, int count)
    {
        var transitions = new List<TransitionPlan>();
        var wanted = random.Next(4);
        while (transitions.Count < wanted)
            transitions.Add(Transition(index, count, transitions.Count > 0));
        if (Chance(0.2))
            transitions.Insert(0, Cycle(index));
        return transitions;
    }

    TransitionPlan Transition(int index, int count, bool mayBeElse)
    {
        var conditions = isSteady ? SteadyConditions : Conditions;
        var when = Chance(0.4) ? null : mayBeElse && Chance(0.3) ? "else" : conditions[random.Next(conditions.Length)];
        var publish = new Dictionary<string, string>();
        if (Chance(0.4))
            publish[$"t{(isSteady ? index : random.Next(count))}"] = isSteady ? "{{ result }}" : Chance(0.7) ? "{{ default(result.n, 0) }}" : "{{ result }}";

        var targets = new List<string>();
        for (var target = random.Next(4); target > 0 && index + 1 < count; target--)
            targets.Add($"t{random.Next(index + 1, count)}");
        if (Chance(0.15))
            targets.Add(Command());
        return new(when, publish, [.. targets.Distinct()]);
    }

    string Command() => isSteady
        ? "noop"
        : random.Next(6) switch { 0 => "fail", 1 or 2 => "continue", 3 => "noop", _ => "retry" };

    // Back to itself or, where order may matter, to any before it: three times at most in a branch.
    TransitionPlan Cycle(int index)
    {
        var counter = $"c{index}";
        return new(
            $"default(vars.{counter}, 0) < {random.Next(1, 4)}", new Dictionary<string, string> { [counter] = $"{{{{ default(vars.{counter}, 0) + 1 }}}}" },
            [$"t{(isSteady ? index : random.Next(index + 1))}"]);
    }

    bool Chance(double probability) => random.NextDouble() < probability;
}
