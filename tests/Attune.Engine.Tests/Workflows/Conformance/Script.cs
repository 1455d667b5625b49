using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>What one execution will do.</summary>
/// <param name="After">Seconds; a template over `input`.</param>
/// <param name="Ends">Null: it never ends by itself.</param>
/// <param name="Result">A template over `input`; null where it gives nothing.</param>
/// <param name="StopsAfter">How long it still runs when it is cancelled.</param>
sealed record Outcome(Template After, RunOutcome? Ends, Template? Result, TaskError? Error, TimeSpan StopsAfter)
{
    public static Outcome Default { get; } = new(Constant("1"), RunOutcome.Completed, Constant("{}"), null, TimeSpan.Zero);

    public TimeSpan TimeFor(Value input) => TimeSpan.FromSeconds(Render(After, input).AsDouble());

    public Value ResultFor(Value input) => Result is null ? Value.Null : Render(Result, input);

    // What a script makes may be larger than what a workflow may make of it.
    static Value Render(Template template, Value input)
        => template.Render(new(new Dictionary<string, Value> { ["input"] = input }, default), new() { Size = 1 << 23, Steps = 10_000_000 });

    static Template Constant(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Template.Parse(document.RootElement, [])!;
    }
}

/// <summary>What the executions of a task will do. Exactly one is set.</summary>
/// <param name="Each">What every one does.</param>
/// <param name="InTurn">The first, the second …: there must not be more.</param>
/// <param name="ByItem">Of each item, the first try, the second …</param>
sealed record TaskScript(Outcome? Each, IReadOnlyList<Outcome>? InTurn, IReadOnlyList<TaskScript>? ByItem);

/// <summary>Tells each execution what to do. A task that is not in it completes after a second and gives {}.</summary>
sealed class Script(IReadOnlyDictionary<string, TaskScript> tasks)
{
    readonly Dictionary<string, int> startsOf = new(StringComparer.Ordinal);

    public IEnumerable<string> TaskNames => tasks.Keys;

    /// <param name="path">The task's name; behind the name of the calling task and `/` in a sub-workflow.</param>
    public Outcome For(string path, int item)
    {
        if (!tasks.TryGetValue(path, out var script))
            return Outcome.Default;
        if (script.ByItem is null)
            return Next(script, path);
        if (item < 0 || item >= script.ByItem.Count)
            throw new CaseException($"{path}: the script has no item {item}.");
        return Next(script.ByItem[item], $"{path}[{item}]");
    }

    Outcome Next(TaskScript script, string path)
    {
        var place = startsOf.GetValueOrDefault(path);
        startsOf[path] = place + 1;
        if (script.InTurn is not { } inTurn)
            return script.Each!;
        return place < inTurn.Count
            ? inTurn[place]
            : throw new CaseException($"{path} was started {place + 1} times; the script says only what {inTurn.Count} do.");
    }
}

/// <summary>A case went otherwise than it says, or says something that means nothing.</summary>
sealed class CaseException(string message) : Exception(message);
