using Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>Keeps what is told of a run small enough for a message.</summary>
static class RunAnswer
{
    // Clients take 4 MB unless they are told otherwise.
    const int BytesMax = 3 << 20;

    /// <summary>
    /// Leaves values out until the rest fits, and says which: what can be asked for elsewhere or is old goes first.
    /// </summary>
    public static WorkflowExecution Fit(WorkflowExecution run)
    {
        var size = run.CalculateSize();
        foreach (var edit in run.Edits)
        {
            if (size <= BytesMax)
                return run;
            size -= edit.Value?.CalculateSize() ?? 0;
            if (edit.Value is not null)
                Say(run, "edits.value");
            edit.Value = null;
        }

        foreach (var (name, leaveOut) in Steps)
        {
            if (run.CalculateSize() <= BytesMax)
                return run;
            leaveOut(run);
            Say(run, name);
        }

        return run;
    }

    static readonly (string Name, Action<WorkflowExecution> LeaveOut)[] Steps =
    [
        ("execution.result", run => run.Execution.Result = null),
        ("execution.parameters", run => run.Execution.Parameters = null),
        ("variables", run => run.Variables = null),
        ("edits", run => run.Edits.Clear()),
        ("graph", run => run.Graph.Clear()),
        ("tasks.error", run =>
        {
            foreach (var task in run.Tasks)
                task.Error = null;
        }),
    ];

    static void Say(WorkflowExecution run, string name)
    {
        if (!run.LeftOut.Contains(name))
            run.LeftOut.Add(name);
    }
}
