using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>
/// The states of a workflow, one after the other as they were stored, and what it heard. Every step is taken from what was stored, as if the
/// server had just been started; and everything once more, to see whether it comes out the same.
/// </summary>
sealed class History(Workflow workflow, WorkflowSurroundings around)
{
    const int AsksMax = 20;

    // What goes on for longer is only played once.
    const int CheckedCommandsMax = 5000;

    readonly List<Entry> entries = [];
    int commandCount;
    byte[] stored = WorkflowState.New.ToJson();

    /// <summary>Taken so far.</summary>
    public int Steps => entries.Count;

    public WorkflowState State { get; private set; } = WorkflowState.New;

    /// <summary>Values for what is needed, as they are when the first of these steps begins and the last has happened.</summary>
    public delegate IReadOnlyDictionary<ValueKey, Value> Lookup(IReadOnlyList<ValueKey> needs, int firstStep, int lastStep);

    /// <param name="knownSince">The step before which it was not certain that this would happen.</param>
    public IReadOnlyList<Command> Advance(Happening happening, int knownSince, Lookup values)
    {
        var index = entries.Count;
        var step = Take(WorkflowState.Parse(workflow, stored), [happening], index, values);
        var json = step.State.ToJson();
        entries.Add(new(happening, knownSince, step.Commands, json));
        commandCount += step.Commands.Count;

        if (!IsLong)
        {
            var again = Take(WorkflowState.Parse(workflow, stored), [happening], index, values);
            Same("taken again", json, again.State, step.Commands, again.Commands);
        }

        stored = json;
        State = WorkflowState.Parse(workflow, json);
        Same("stored and read again", json, State, [], []);
        return step.Commands;
    }

    /// <summary>The host may say that the time has come when it has not.</summary>
    public void CheckEarlyWaking(DateTimeOffset now, Lookup values)
    {
        if (IsLong || State.WakeAt <= now)
            return;
        var early = Take(State, [new TimeCame(now)], entries.Count, values);
        if (early.Commands.Count > 0)
            throw new CaseException($"Woken although nothing is due, it says: {early.Commands[0]}");
    }

    public void CheckReplay(Lookup values)
    {
        if (IsLong)
            return;
        Replay("replayed from the start", values, (_, _) => false);
        Replay("replayed with all that was known at a time in one step", values, (first, next) => entries[next].KnownSince <= first);
    }

    bool IsLong => commandCount > CheckedCommandsMax;

    // Never through JSON in between: so it is as if the server had kept it in memory.
    void Replay(string how, Lookup values, Func<int, int, bool> isTogether)
    {
        var state = WorkflowState.New;
        for (var first = 0; first < entries.Count;)
        {
            var end = first + 1;
            while (end < entries.Count && isTogether(first, end))
                end++;
            var batch = entries[first..end];
            var step = Take(state, [.. batch.Select(entry => entry.Happening)], first, values);
            Same($"{how} (steps {first} to {end - 1})", batch[^1].State, step.State, [.. batch.SelectMany(entry => entry.Commands)], step.Commands);
            (state, first) = (step.State, end);
        }
    }

    Step Take(WorkflowState state, IReadOnlyList<Happening> happenings, int firstStep, Lookup lookup)
    {
        var needs = new List<ValueKey>();
        var before = state.ToJson();
        for (var asked = 0; asked < AsksMax; asked++)
        {
            var values = lookup(needs, firstStep, firstStep + happenings.Count - 1);
            var step = Conductor.Advance(workflow, state, happenings, around with { Values = values });
            if (!state.ToJson().AsSpan().SequenceEqual(before))
                throw new CaseException("It changed a state that it was given.");
            if (step.Needs.Count == 0)
                return step;
            if (step.Commands.Count > 0 || !ReferenceEquals(step.State, state))
                throw new CaseException("A step that needs values decided something.");
            if (step.Needs.FirstOrDefault(needs.Contains) is { Run: not 0 } or { Handle: not 0 })
                throw new CaseException($"It asks again for what it has: {step.Needs[0]}.");
            needs.AddRange(step.Needs);
        }

        throw new CaseException($"It asked {AsksMax} times for values in one step.");
    }

    static void Same(string how, byte[] expected, WorkflowState state, IReadOnlyList<Command> wanted, IReadOnlyList<Command> commands)
    {
        var json = state.ToJson();
        if (!json.AsSpan().SequenceEqual(expected))
        {
            throw new CaseException(
                $"{how}, the state differs:\n{System.Text.Encoding.UTF8.GetString(expected)}\n{System.Text.Encoding.UTF8.GetString(json)}");
        }

        if (!wanted.Select(Text).SequenceEqual(commands.Select(Text)))
            throw new CaseException($"{how}, the commands differ:\n{string.Join('\n', wanted)}\nand\n{string.Join('\n', commands)}");
    }

    static string Text(Command command) => $"{command}";

    sealed record Entry(Happening Happening, int KnownSince, IReadOnlyList<Command> Commands, byte[] State);
}
