using Attune.Engine.Workflows;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>A step that was decided and is not stored yet.</summary>
/// <param name="State">After it; as before where <paramref name="Mistake"/> is set.</param>
/// <param name="Mistake">It could not be decided: the run cannot go on.</param>
sealed record TakenStep(HeldRun Held, WorkflowState State, IReadOnlyList<Command> Commands, Exception? Mistake);

/// <summary>Has the conductor decide what follows from what happened, for many runs; what they ask for on the way is read for all at once.</summary>
sealed class StepWorkflows(ReadHappenings read, BringValues bring, PackConfigs packs)
{
    /// <param name="connection">In its transaction.</param>
    /// <param name="held">Each with its state; those to which nothing happened are left out.</param>
    /// <param name="now">When it is.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<IReadOnlyList<TakenStep>> RunAsync(
        NpgsqlConnection connection, IReadOnlyList<HeldRun> held, DateTimeOffset now, CancellationToken ct)
    {
        var configs = await packs.FindManyAsync(connection, held.Select(run => run.Before.Run.PackRef).ToHashSet(), ct);
        var steps = new List<TakenStep>(held.Count);
        var open = new List<Turn>(held.Count);
        foreach (var run in held)
        {
            try
            {
                ReadHappenings.Remember(run);
                if (read.Run(run, now) is { Count: > 0 } happenings)
                    open.Add(new(run, happenings, configs[run.Before.Run.PackRef]));
            }
            catch (Exception exception)
            {
                steps.Add(new(run, run.Before.State, [], exception));
            }
        }

        // A step asks for what its expressions name, and again for what the tasks that they start name: as often as it gets on by it.
        while (open.Count > 0)
            open = await AdvanceAsync(connection, open, steps, ct);
        return steps;
    }

    // Those that asked for something.
    async Task<List<Turn>> AdvanceAsync(NpgsqlConnection connection, List<Turn> open, List<TakenStep> steps, CancellationToken ct)
    {
        var (asking, wanted) = (new List<Turn>(), new Dictionary<WantedValue, Turn>());
        foreach (var turn in open)
        {
            try
            {
                var step = turn.Advance();
                if (step.Needs.Count == 0)
                {
                    steps.Add(new(turn.Held, step.State, step.Commands, null));
                    continue;
                }

                if (!turn.IsNew(step.Needs))
                    throw new InvalidOperationException($"Its step asks again for what it was given: {step.Needs[0]}.");
                foreach (var key in step.Needs)
                    wanted.TryAdd(new(turn.Held, key), turn);
                asking.Add(turn);
            }
            catch (Exception exception)
            {
                steps.Add(new(turn.Held, turn.Held.Before.State, [], exception));
            }
        }

        if (wanted.Count > 0)
            await bring.RunAsync(connection, [.. wanted.Keys], (each, value) => wanted[each].Values.Add(each.Key, value), ct);
        return asking;
    }

    sealed class Turn(HeldRun held, IReadOnlyList<Happening> happenings, Engine.Expressions.Value packConfig)
    {
        public HeldRun Held => held;

        readonly HashSet<ValueKey> asked = [];

        public ValuesAtHand Values { get; } = new(held.Before.Values);

        /// <summary>Whether any of these was never asked for.</summary>
        public bool IsNew(IReadOnlyList<ValueKey> needs)
        {
            var before = asked.Count;
            asked.UnionWith(needs);
            return asked.Count > before;
        }

        public Step Advance()
        {
            var run = held.Before.Run;
            return Conductor.Advance(
                run.Workflow, held.Before.State, happenings,
                new() { Parameters = run.Parameters, PackConfig = packConfig, Execution = run.Execution, Values = Values });
        }
    }
}
