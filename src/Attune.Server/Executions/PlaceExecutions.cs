using Attune.Server.Dispatch;
using Attune.Server.Workflows;

namespace Attune.Server.Executions;

/// <summary>
/// Places executions that are about to be stored: reserves a slot where an agent has one free, so that the row is stored as already
/// scheduled to it, and sends the work off after the commit. What found no slot waits in the queue.
/// </summary>
sealed class PlaceExecutions(Dispatcher dispatcher, WorkflowSignals workflows)
{
    /// <summary>An agent for each, or null; a workflow needs none. Every one must be delivered or released.</summary>
    public AgentSession?[] Reserve(NewExecution[] items)
    {
        var reserved = new AgentSession?[items.Length];
        try
        {
            for (var i = 0; i < items.Length; i++)
                reserved[i] = items[i].Action.IsWorkflow ? null : dispatcher.TryReserve(items[i].Requirement);
        }
        catch
        {
            Release(reserved);
            throw;
        }

        return reserved;
    }

    public static void Release(AgentSession?[] reserved)
    {
        foreach (var session in reserved)
            session?.ReleaseReservation();
    }

    /// <param name="items">What was stored.</param>
    /// <param name="ids">Of each; 0 where it was not stored after all, and its slot goes back.</param>
    /// <param name="reserved">As <see cref="Reserve"/> answered.</param>
    public void Deliver(NewExecution[] items, long[] ids, AgentSession?[] reserved)
    {
        var assignments = new List<Assignment>(items.Length);
        var (waiting, begun) = (false, false);
        for (var i = 0; i < items.Length; i++)
        {
            var item = items[i];
            if (ids[i] == 0)
            {
                reserved[i]?.ReleaseReservation();
            }
            else if (item.Action.IsWorkflow)
            {
                begun = true;
            }
            else if (reserved[i] is { } session)
            {
                assignments.Add(new Assignment
                {
                    Session = session,
                    ExecutionId = ids[i],
                    Attempt = 1,
                    MaxAttempts = item.Action.RetryPolicy.MaxAttempts,
                    Retry = item.Action.RetryPolicy,
                    AtLeastOnce = item.Action.AtLeastOnce,
                    Spec = item.Action.Spec,
                    PermissionSets = item.Action.PermissionSets,
                    Parameters = item.Parameters,
                    Timeout = item.Timeout,
                    EnvVars = item.EnvVars,
                });
            }
            else
            {
                dispatcher.NoteWaiting(item.Requirement);
                waiting = true;
            }
        }

        dispatcher.Deliver(assignments);
        if (waiting)
            dispatcher.Wake();
        if (begun)
            workflows.Wake();
    }
}
