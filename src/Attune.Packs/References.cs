using Attune.Engine.Schemas;
using Attune.Packs.Files;

namespace Attune.Packs;

/// <summary>What a pack's parts name: inside the pack itself it must be there, elsewhere it is listed for the server to find.</summary>
static class References
{
    public static IReadOnlyList<PackReference> Check(PackContent content, PackLayout layout, List<PackProblem> problems)
    {
        var elsewhere = new List<PackReference>();
        var pack = content.Manifest.Ref;
        var runtimes = content.Runtimes.Select(runtime => runtime.Ref).ToHashSet();
        var triggers = content.Triggers.Select(trigger => trigger.Ref).ToHashSet();
        var actions = content.Actions.Select(action => action.Ref).ToHashSet();
        var sets = content.PermissionSets.Select(set => set.Ref).ToHashSet();

        foreach (var action in content.Actions)
        {
            Own(action.File, "runtime", action.Runtime, "runtime", runtimes);
            foreach (var set in action.PermissionSets)
                Own(action.File, "permission_sets", set, "permission_set", sets);
            // The kernel runs such a file itself, so it must be allowed to.
            if (action is { Runtime: "core.native", EntryPoint: { } entry } && layout.Files.TryGet(entry, out var file) && !file.IsExecutable)
                problems.Add(new(entry, 0, "", "must be executable (chmod +x): `core.native` runs the file itself."));
        }

        foreach (var sensor in content.Sensors)
        {
            Own(sensor.File, "runtime", sensor.Runtime, "runtime", runtimes);
            foreach (var trigger in sensor.Triggers)
                Own(sensor.File, "triggers", trigger, "trigger", triggers);
        }

        foreach (var rule in content.Rules)
        {
            Own(rule.File, "trigger", rule.Trigger, "trigger", triggers, mayBeMissing: true);
            Own(rule.File, "action", rule.Action, "action", actions, mayBeMissing: true);
        }

        problems.AddRange(RulesOf(content));
        foreach (var workflow in content.Actions.Where(action => action.Graph?.Workflow is not null))
            elsewhere.AddRange(CalledBy(workflow, pack));
        problems.AddRange(content.CheckWorkflows([]));

        foreach (var policy in content.Policies)
        {
            Own(policy.File, "action", policy.Action, "action", actions);
            if (policy.Pack is { } scope && scope != pack)
                elsewhere.Add(new("pack", scope, policy.File, layout.LineOf(policy.File, "pack"), "pack"));
        }

        foreach (var runtime in content.Manifest.RuntimeDeps)
            Own(PackManifest.Path, "runtime_deps", runtime, "runtime", runtimes);

        return elsewhere;

        void Own(string file, string field, string? reference, string kind, HashSet<string> known, bool mayBeMissing = false)
        {
            if (reference is null or "" || known.Contains(reference))
                return;

            var line = layout.LineOf(file, field);
            if (PackNames.PackOf(reference) == pack)
                problems.Add(new(file, line, field, $"'{reference}' is not in this pack.{NearestName.Suggest(reference, known)}"));
            else
                elsewhere.Add(new(kind, reference, file, line, field) { MayBeMissing = mayBeMissing });
        }
    }

    static IEnumerable<PackReference> CalledBy(ActionFile action, string pack)
    {
        var graph = action.Graph!;
        foreach (var task in graph.Workflow!.Tasks)
        {
            if (task.ActionRef is { } called && PackNames.PackOf(called) != pack)
                yield return At("action", called, $"tasks.{task.Name}.action");
            for (var index = 0; index < task.Inquiry?.PermissionSets.Count; index++)
            {
                if (PackNames.PackOf(task.Inquiry.PermissionSets[index]) != pack)
                    yield return At("permission_set", task.Inquiry.PermissionSets[index], $"tasks.{task.Name}.inquiry.assignees.permission_sets[{index}]");
            }
        }

        PackReference At(string kind, string reference, string field)
            => new(kind, reference, action.WorkflowFile!, graph.PlaceOf(field).Line, field);
    }

    // What lies in other packs is not known here, so the server checks once more with that.
    static IEnumerable<PackProblem> RulesOf(PackContent content)
    {
        var triggers = content.Triggers.DistinctBy(trigger => trigger.Ref).ToDictionary(trigger => trigger.Ref);
        var actions = content.Actions.DistinctBy(action => action.Ref).ToDictionary(action => action.Ref);
        return content.Rules.SelectMany(rule => rule.Check(RuleSurroundings.Of(
            triggers.GetValueOrDefault(rule.Trigger)?.Parameters.Schema,
            triggers.GetValueOrDefault(rule.Trigger)?.Output.Schema,
            actions.GetValueOrDefault(rule.Action)?.Parameters.Schema,
            content.Manifest.ConfSchema.Schema)));
    }
}
