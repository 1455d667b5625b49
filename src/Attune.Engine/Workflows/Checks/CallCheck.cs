using System.Buffers;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>What a task names outside the workflow: actions with their parameters, permission sets.</summary>
sealed class CallCheck(WorkflowCheckSurroundings around, bool isFlowKnown, Mistakes mistakes)
{
    public void Check(WorkflowTask task)
    {
        if (mistakes.IsEnough)
            return;

        if (task.ActionRef is { } reference && around.Actions is { } actions)
        {
            var isItself = reference == around.Ref;
            if (isItself && IsCertain(task))
                Report(task, "action", $"'{reference}' is this workflow itself, and each run of it begins with this task: it would call itself until it is 10 deep. Call it behind a condition, or lead back to an earlier task instead.");
            if (actions.TryGetValue(reference, out var action))
                Called(task, action.Parameters, isItself || action.IsWorkflow);
            else if (isItself && around.Parameters is { } own)
                Called(task, own, isWorkflow: true);
            else if (!isItself && IsHere(reference))
                Report(task, "action", $"There is no action '{reference}'.{mistakes.Near(reference, around.ActionRefs ?? [.. actions.Keys])}");
        }

        Sets(task);
        SameLength(task);
    }

    // Every other task may have a reason not to run.
    bool IsCertain(WorkflowTask task) => isFlowKnown && task.Sources.All(source => source == task.Index) && task.Items is null;

    void Called(WorkflowTask task, Schema parameters, bool isWorkflow)
    {
        Input(task, parameters);
        if (!isWorkflow && task.Timeout?.Root is TemplateConstant { Value: { IsNumber: true } seconds } && seconds.AsDouble() > WorkflowTask.ActionSecondsMax)
            Report(task, "timeout", $"must be at most {WorkflowTask.ActionSecondsMax}, a week: only workflows and inquiries may take longer.");
    }

    // What an expression gives is known only when the task runs; everything else can be checked now.
    void Input(WorkflowTask task, Schema parameters)
    {
        var later = new HashSet<string>();
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, constant) in task.Input.MembersNow)
            {
                if (constant is not { } value)
                {
                    later.Add(name);
                    continue;
                }

                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        foreach (var problem in parameters.CheckKnown(buffer.WrittenMemory, later))
            mistakes.Report(problem.PathUnder($"tasks.{task.Name}.input"), problem.Message);
    }

    void Sets(WorkflowTask task)
    {
        var sets = task.Inquiry?.PermissionSets ?? [];
        for (var index = 0; index < sets.Count; index++)
        {
            if (around.PermissionSets is { } known && !known.Contains(sets[index]) && IsHere(sets[index]))
                Report(task, $"inquiry.assignees.permission_sets[{index}]", $"There is no permission set '{sets[index]}'.{mistakes.Near(sets[index], known)}");
        }
    }

    void SameLength(WorkflowTask task)
    {
        var counts = (task.Items?.Named ?? [])
            .Select(named => (named.Key, Count: named.Value.Root is TemplateList list ? list.Count : named.Value.Root is TemplateConstant { Value.Kind: ValueKind.List } constant ? constant.Value.Items.Count : -1))
            .Where(list => list.Count >= 0)
            .ToList();
        if (counts.Find(list => list.Count != counts[0].Count) is { Key: not null } other)
        {
            Report(task, $"with_items.{other.Key}", $"has {other.Count} items and '{counts[0].Key}' {counts[0].Count}: lists that are gone through together must be of the same length.");
        }
    }

    bool IsHere(string reference) => around.OnlyPack is null || reference.StartsWith($"{around.OnlyPack}.", StringComparison.Ordinal);

    void Report(WorkflowTask task, string field, string message) => mistakes.Report($"tasks.{task.Name}.{field}", message);
}
