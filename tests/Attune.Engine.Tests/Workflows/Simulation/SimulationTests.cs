using System.Text;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>Thousands of random workflows, each in a world of its own. A failure names the seed and shows the smallest workflow that still fails.</summary>
public sealed class SimulationTests
{
    const int Seeds = 1500;
    const int ChangedSeeds = 700;
    const int SteadySeeds = 800;

    [Fact]
    public void Every_workflow_keeps_the_rules_and_ends_and_the_same_happenings_give_the_same_in_any_batches()
        => ForEach(Seeds, false, (plan, workflow, seed) =>
        {
            var world = new World(workflow, seed, Troubles.All & ~Troubles.Reruns, plan.Attempts);
            world.Play();
            Replay(world, _ => 1);
            var random = new Random(seed);
            Replay(world, left => random.Next(1, left + 1));
            Replay(world, left => left);
        });

    [Fact]
    public void Workflows_that_people_change_keep_the_rules_and_can_be_replayed()
        => ForEach(ChangedSeeds, false, (plan, workflow, seed) =>
        {
            var world = new World(workflow, seed, Troubles.All, plan.Attempts);
            world.Play();
            Replay(world, _ => 1);
        });

    [Fact]
    public void Pausing_changes_nothing_but_the_time()
        => ForEach(SteadySeeds, true, (plan, workflow, seed) =>
        {
            var calm = new World(workflow, seed, Troubles.None, 1);
            calm.Play();
            var paused = new World(workflow, seed, Troubles.Pauses, 1);
            paused.Play();
            World.Check(calm.State.Status == paused.State.Status, $"It is {calm.State.Status}, but with pauses {paused.State.Status}.");
            World.Check(Counts(calm) == Counts(paused), $"It runs {Counts(calm)}, but with pauses {Counts(paused)}.");
            World.Check(Variables(calm) == Variables(paused), $"It has {Variables(calm)}, but with pauses {Variables(paused)}.");
            World.Check(Output(calm) == Output(paused), $"It gives {Output(calm)}, but with pauses {Output(paused)}.");
        });

    // Each is published by one task, which gives the same each time; rounds of cycles are counted elsewhere and may meet in any order.
    static string Variables(World world) => string.Join(", ", world.State.Variables.Where(variable => variable.Key[0] is 't')
        .OrderBy(variable => variable.Key, StringComparer.Ordinal).Select(variable => $"{variable.Key} {variable.Value.Show(1000)}"));

    // The variables only: which of several runs of a task ended last is a matter of time.
    static string Output(World world) => string.Join(", ", world.Said.OfType<FinishWorkflow>().Last().Output.AsMap()
        .OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"{member.Key} {member.Value.AsList()[1].Show(1000)}"));

    static string Counts(World world) => string.Join(", ", world.Runs.OrderBy(run => run.Key).Select(run => $"{run.Key} {run.Value}"));

    static void Replay(World world, Func<int, int> sizeOfBatch)
    {
        var (state, said) = (WorkflowState.New, new List<Command>());
        for (var first = 0; first < world.Heard.Count;)
        {
            var end = first + sizeOfBatch(world.Heard.Count - first);
            Value Lookup(ValueKey key) => world.ValueOf(key, end);
            var step = world.Advance(state, [.. world.Heard.Skip(first).Take(end - first).Select(heard => heard.Happening)], Lookup, null);
            (state, first) = (step.State, end);
            said.AddRange(step.Commands);
        }

        World.Check(state.ToJson().AsSpan().SequenceEqual(world.State.ToJson()), $"The state differs:\n{Json(world.State)}\n{Json(state)}");
        World.Check(
            said.Select(command => command.ToString()).SequenceEqual(world.Said.Select(command => command.ToString())),
            $"The commands differ:\n{string.Join('\n', world.Said)}\nand\n{string.Join('\n', said)}");
    }

    static string Json(WorkflowState state) => Encoding.UTF8.GetString(state.ToJson());

    static void ForEach(int count, bool isSteady, Action<Plan, Workflow, int> play)
    {
        for (var seed = 0; seed < count; seed++)
        {
            var plan = new RandomPlans(new Random(seed), isSteady).Next();
            if (Problem(plan, seed, play) is not { } problem)
                continue;

            for (var isSmaller = true; isSmaller;)
            {
                isSmaller = false;
                foreach (var smaller in plan.Smaller())
                {
                    if (Problem(smaller, seed, play) is not { } still)
                        continue;
                    (plan, problem, isSmaller) = (smaller, still, true);
                    break;
                }
            }

            Assert.Fail($"Seed {seed}: {problem}\nSmallest workflow: {plan}");
        }
    }

    static string? Problem(Plan plan, int seed, Action<Plan, Workflow, int> play)
    {
        if (plan.Read() is not { } workflow)
            return null;

        try
        {
            play(plan, workflow, seed);
            return null;
        }
        catch (BrokenException broken)
        {
            return broken.Message;
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or ArgumentException or IndexOutOfRangeException
            or NullReferenceException or FormatException)
        {
            return exception.ToString();
        }
    }
}
