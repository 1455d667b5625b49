using Attune.Engine.Expressions;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>When in the life of a workflow an expression is evaluated, which decides the names that it may read.</summary>
enum Moment
{
    /// <summary>`vars`.</summary>
    BeforeStart,

    /// <summary>`output_map`.</summary>
    AtEnd,

    /// <summary>Of a task as a whole, before it runs.</summary>
    BeforeTask,

    /// <summary>Of each execution of a task, each item for itself.</summary>
    BeforeRun,

    /// <summary>`retry.when`.</summary>
    AfterRun,

    /// <summary>`next`.</summary>
    AfterTask,
}

/// <summary>An expression of a workflow and where it stands.</summary>
/// <param name="InputPath">Within the task's `input`; null elsewhere.</param>
sealed record ExpressionPlace(string Path, Expression Expression, Moment Moment, WorkflowTask? Task, string? InputPath = null)
{
    public static IEnumerable<ExpressionPlace> In(Workflow workflow)
        => Of(workflow.Vars, "vars", Moment.BeforeStart, null)
            .Concat(workflow.Tasks.SelectMany(In))
            .Concat(Of(workflow.OutputMap, "output_map", Moment.AtEnd, null));

    static IEnumerable<ExpressionPlace> In(WorkflowTask task)
    {
        var path = $"tasks.{task.Name}";
        IEnumerable<IEnumerable<ExpressionPlace>> places =
        [
            task.Input.Expressions.Select(each => new ExpressionPlace(
                Mistakes.Under($"{path}.input", each.Path), each.Expression, Moment.BeforeRun, task, each.Path)),
            Of(task.Items?.Single, $"{path}.with_items", Moment.BeforeTask, task),
            .. task.Items?.Named.Select(named => Of(named.Value, $"{path}.with_items.{named.Key}", Moment.BeforeTask, task)) ?? [],
            Of(task.Items?.Concurrency, $"{path}.concurrency", Moment.BeforeTask, task),
            Of(task.Items?.BatchSize, $"{path}.batch_size", Moment.BeforeTask, task),
            Of(task.Delay, $"{path}.delay", Moment.BeforeTask, task),
            Of(task.Timeout, $"{path}.timeout", Moment.BeforeRun, task),
            Of(task.WorkerLabels, $"{path}.worker_labels", Moment.BeforeRun, task),
            Of(task.Retry?.When, $"{path}.retry.when", Moment.AfterRun, task),
            Of(task.Inquiry?.Prompt, $"{path}.inquiry.prompt", Moment.BeforeRun, task),
            Of(task.Inquiry?.Identities, $"{path}.inquiry.assignees.identities", Moment.BeforeRun, task),
            Of(task.Inquiry?.Quorum, $"{path}.inquiry.quorum", Moment.BeforeRun, task),
            Of(task.Inquiry?.Timeout, $"{path}.inquiry.timeout", Moment.BeforeRun, task),
            .. task.Next.Select((transition, index) => In(transition, $"{path}.next[{index}]", task)),
        ];
        return places.SelectMany(each => each);
    }

    static IEnumerable<ExpressionPlace> In(Transition transition, string path, WorkflowTask task)
    {
        var isList = transition.Publish.Count > 1;
        return Of(transition.When, $"{path}.when", Moment.AfterTask, task).Concat(transition.Publish.SelectMany((publish, index)
            => Of(publish, isList ? $"{path}.publish[{index}]" : $"{path}.publish", Moment.AfterTask, task)));
    }

    static IEnumerable<ExpressionPlace> Of(Expression? expression, string path, Moment moment, WorkflowTask task)
        => expression is null ? [] : [new(path, expression, moment, task)];

    static IEnumerable<ExpressionPlace> Of(Template? template, string path, Moment moment, WorkflowTask? task)
        => template?.Expressions.Select(each => new ExpressionPlace(Mistakes.Under(path, each.Path), each.Expression, moment, task)) ?? [];
}
