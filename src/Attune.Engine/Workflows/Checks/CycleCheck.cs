using Attune.Engine.Expressions.Nodes;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>
/// Finds cycles that nothing can end but a failure: each task in it surely goes on to another one of it when it succeeded, and none has a
/// transition, nor an `on_error`, that could lead out of it, end the branch or fail the workflow. With a join in it a cycle may stall, so
/// such a one is not judged.
/// </summary>
static class CycleCheck
{
    const int NamesMax = 5;

    public static void Check(Workflow workflow, TaskGraph graph, Mistakes mistakes)
    {
        foreach (var component in graph.Components)
        {
            var isCycle = component.Count > 1 || graph.Targets(component[0]).Contains(component[0]);
            if (!isCycle || !graph.IsReachable(component[0]))
                continue;

            var members = component.ToHashSet();
            if (component.All(task => GoesOn(workflow.Tasks[task], members)))
                Report(workflow, component, mistakes);
        }
    }

    static bool GoesOn(WorkflowTask task, HashSet<int> members)
    {
        // With `on_error: continue` a failure goes the ways of a success.
        if (task.JoinCount > 0 || !task.OnError.Tasks.All(members.Contains))
            return false;

        var isSure = false;
        foreach (var transition in task.Next)
        {
            var goesOn = transition.Do.Any(target => target.Task >= 0);
            if (transition.Do.Any(target => target.Word is WorkflowCommandWord.Fail || (target.Task >= 0 && !members.Contains(target.Task))))
                return false;
            if (!goesOn && !OnlyOnSuccess(transition))
                return false;

            // After so many times a `retry` is as if it were not there.
            isSure |= goesOn && OnEverySuccess(transition) && !transition.IsExhaustible;
        }

        return isSure;
    }

    static bool OnEverySuccess(Transition transition) => !transition.IsElse
        && (transition.When is null || transition.IsAlways || transition.When.Root is CallNode { Function.Name: "succeeded" });

    static bool OnlyOnSuccess(Transition transition) => Outcomes.Of(transition) is Outcome.Success;

    static void Report(Workflow workflow, IReadOnlyList<int> component, Mistakes mistakes)
    {
        var first = workflow.Tasks[component[0]];
        if (component.Count == 1)
        {
            mistakes.Report($"tasks.{first.Name}.next", "The task leads to itself whatever it gives, and nowhere else: nothing ends that but a failure. Give the transition a `when`.");
            return;
        }

        var names = component.Take(NamesMax).Select(task => $"'{workflow.Tasks[task].Name}'");
        var more = component.Count > NamesMax ? $" and {component.Count - NamesMax} more" : "";
        mistakes.Report(
            $"tasks.{first.Name}.next",
            $"{string.Join(", ", names)}{more} lead to each other whatever they give, and nowhere else: nothing ends the cycle but a failure. Give a transition a `when`, and another way out.");
    }
}
