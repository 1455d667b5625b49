using Attune.Engine.Expressions;
using Attune.Engine.Expressions.Functions;
using Attune.Engine.Expressions.Nodes;
using Attune.Engine.Schemas;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>The names that expressions of a workflow may read, each at its moment.</summary>
sealed class NameCheck
{
    static readonly string[] OfTask = ["status", "result", "error"];
    static readonly string[] OfError = ["reason", "message"];
    static readonly string[] OfExecution = ["id", "action_ref", "created", "executor"];
    static readonly string[] OfPack = ["config"];
    static readonly string[] OfItem = ["item", "index", "batch"];
    static readonly HashSet<string> OutcomeNames = [.. OutcomeFunctions.All.Select(function => function.Name)];

    /// <summary>How what is told of an unknown variable begins.</summary>
    public const string NoVariable = "There is no 'vars.";

    readonly Workflow workflow;
    readonly WorkflowCheckSurroundings around;
    readonly Mistakes mistakes;
    readonly HashSet<string> variables;
    readonly string[] tasks;

    public NameCheck(Workflow workflow, WorkflowCheckSurroundings around, Mistakes mistakes)
    {
        (this.workflow, this.around, this.mistakes) = (workflow, around, mistakes);
        variables = [.. workflow.Vars.MemberNames, .. workflow.Tasks
            .SelectMany(task => task.Next).SelectMany(transition => transition.Publish).SelectMany(publish => publish.MemberNames)];
        tasks = [.. workflow.Tasks.Select(task => task.Name)];
    }

    public void Check(ExpressionPlace place)
    {
        foreach (var use in place.Expression.Reads)
        {
            if (!mistakes.IsEnough && Unknown(use, place) is { } message)
                mistakes.Report(place.Path, new ExpressionProblem("", use.Position, message));
        }

        if (place.Moment is not (Moment.AfterTask or Moment.AfterRun) && Outcome(place.Expression.Root) is { } call)
        {
            mistakes.Report(place.Path, new ExpressionProblem("", call.Position, $"{call.Function.Name}() asks about the task that just ended: it means something only in `next` and `retry.when`."));
        }
    }

    string? Unknown(VariableUse use, ExpressionPlace place)
    {
        var roots = RootsAt(place);
        return use.Path switch
        {
            [var root, ..] when !roots.Contains(root) => UnknownRoot(root, place, roots),
            ["parameters", _, ..] => Of(use, 1, around.Parameters),
            ["vars", var name, ..] when !use.IsOptional && !variables.Contains(name)
                => $"{NoVariable}{Mistakes.Cut(name)}': neither `vars` nor any `publish` has it.{mistakes.Near(name, variables)}",
            ["task", var name, ..] when workflow.Find(name) is null => $"There is no task '{Mistakes.Cut(name)}'.{mistakes.Near(name, tasks)}",
            ["task", var name, var member, ..] => Member($"task.{name}", member, OfTask),
            ["error", var member, ..] => Member("error", member, OfError),
            ["execution", var member, ..] => Member("execution", member, OfExecution),
            ["pack", "config", _, ..] => around.PackConfig is { IsEmpty: false } config ? Of(use, 2, config) : null,
            ["pack", var member, ..] => Member("pack", member, OfPack),
            ["item", var member, ..] when place.Task?.Items is { Single: null, Named: var named } => Member("item", member, [.. named.Select(list => list.Key)]),
            _ => null,
        };
    }

    string? Member(string owner, string name, string[] members)
        => members.Contains(name) ? null : $"There is no '{owner}.{Mistakes.Cut(name)}'.{mistakes.Near(name, members)}";

    static string? Of(VariableUse use, int depth, Schema? schema)
        => !use.IsOptional && schema?.FindUnknown(use.Path.Skip(depth)) is { } problem
            ? $"'{string.Join('.', use.Path.Take(depth))}.{problem.Path}' {problem.Message}"
            : null;

    string UnknownRoot(string name, ExpressionPlace place, string[] roots)
    {
        var shown = Mistakes.Cut(name);
        if (name is "result" or "error")
            return $"'{name}' is known only in `next` and `retry.when` of a task; elsewhere write task.NAME.{name}.";
        if (OfItem.Contains(name))
        {
            return place.Task?.Items is null
                ? $"'{name}' is known only in a task with `with_items`."
                : $"'{name}' is known only where each item is run: in `input`, `timeout`, `worker_labels`, `inquiry` and `retry.when`.";
        }

        if (FunctionGroup.Find(name) is not null)
            return $"'{shown}' is not known here. A function is called with parentheses: {name}().";
        var meant = name switch
        {
            _ when around.Parameters?.Names.Contains(name) is true => $"parameters.{name}",
            _ when variables.Contains(name) => $"vars.{name}",
            _ when workflow.Find(name) is not null => $"task.{name}.result",
            _ => null,
        };
        return $"There is no '{shown}' here.{(meant is null ? mistakes.Near(name, roots) : $" Did you mean '{meant}'?")}";
    }

    static string[] RootsAt(ExpressionPlace place) => (place.Moment, place.Task?.Items) switch
    {
        (Moment.BeforeStart, _) => ["parameters", "pack", "execution"],
        (Moment.BeforeRun, not null) => ["parameters", "vars", "task", "pack", "execution", .. OfItem],
        (Moment.AfterRun, not null) => ["parameters", "vars", "task", "pack", "execution", "result", "error", .. OfItem],
        (Moment.AfterRun or Moment.AfterTask, _) => ["parameters", "vars", "task", "pack", "execution", "result", "error"],
        _ => ["parameters", "vars", "task", "pack", "execution"],
    };

    static CallNode? Outcome(Node node)
        => node is CallNode call && OutcomeNames.Contains(call.Function.Name) ? call : node.Children.Select(Outcome).FirstOrDefault(found => found is not null);
}
