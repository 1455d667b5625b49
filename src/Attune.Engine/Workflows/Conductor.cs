using Attune.Engine.Expressions;
using Attune.Engine.Workflows.Conducting;

namespace Attune.Engine.Workflows;

/// <summary>What the host knows and the state does not hold.</summary>
public sealed record WorkflowSurroundings
{
    /// <summary>A map; secrets in clear.</summary>
    public required Value Parameters { get; init; }

    /// <summary>A map: `pack.config`.</summary>
    public required Value PackConfig { get; init; }

    /// <summary>A map: id, action_ref, created, executor.</summary>
    public required Value Execution { get; init; }

    /// <summary>What is at hand. A key that is not there becomes one of <see cref="Step.Needs"/>; one that is there and null is null.</summary>
    public required IReadOnlyDictionary<ValueKey, Value> Values { get; init; }
}

/// <summary>What one advance decided.</summary>
/// <param name="State">After it; the same object as before where <paramref name="Needs"/> is not empty.</param>
/// <param name="Commands">In order. Empty where <paramref name="Needs"/> is not.</param>
/// <param name="Needs">Not empty: nothing was decided. Bring these values and advance again from the same state.</param>
public sealed record Step(WorkflowState State, IReadOnlyList<Command> Commands, IReadOnlyList<ValueKey> Needs);

/// <summary>Carries a workflow on. Pure: the same arguments give the same step.</summary>
public static class Conductor
{
    /// <summary>Takes the happenings in their order, as if one after the other. Never throws for what a workflow's author or input did.</summary>
    public static Step Advance(
        Workflow workflow, WorkflowState state, IReadOnlyList<Happening> happenings, WorkflowSurroundings around)
    {
        var names = new Names(workflow, around);
        var foreseen = Foresight.Find(workflow, state.Board, happenings, names);
        if (foreseen.Count > 0)
            return new(state, [], foreseen);

        var board = state.Board.Clone();
        var turn = new Turn(workflow, board, names);
        try
        {
            foreach (var happening in happenings)
                turn.Take(happening);
        }
        catch (ValuesMissingException missing)
        {
            return new(state, [], missing.Keys);
        }

        return new(new(board), turn.Commands, []);
    }
}
