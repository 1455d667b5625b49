using Attune.Server.Identities;

namespace Attune.Server.Dispatch;

/// <summary>Sends agents what the database already gives to them. What has lost its stream meanwhile goes back to the queue.</summary>
sealed partial class DeliverWork(DispatchStore store, TokenService tokens, TimeProvider clock, ILogger<DeliverWork> logger)
{
    // The token outlives its execution by this, for a script that reports at its very end.
    static readonly TimeSpan TokenMargin = TimeSpan.FromMinutes(5);

    /// <summary>Returns the work that found no stream; its giving back is under way.</summary>
    public void Run(IReadOnlyList<Assignment> assignments, Action givenBack)
    {
        List<Assignment>? undeliverable = null;
        AgentSession? last = null;
        foreach (var assignment in assignments)
        {
            if (last != assignment.Session)
                last?.Flush();
            last = assignment.Session;
            if (!TryDeliver(assignment))
                (undeliverable ??= []).Add(assignment);
        }

        last?.Flush();
        if (undeliverable is not null)
            _ = GiveBackAsync(undeliverable, givenBack);
    }

    bool TryDeliver(Assignment assignment)
    {
        string token;
        try
        {
            token = TokenFor(assignment);
        }
        catch (Exception exception)
        {
            LogNoToken(exception, assignment.ExecutionId);
            assignment.Session.ReleaseReservation();
            return false;
        }

        return assignment.Session.Deliver(assignment, token);
    }

    string TokenFor(Assignment assignment) => assignment.PermissionSets.Count == 0
        ? ""
        : tokens.ForExecution(assignment.ExecutionId, assignment.PermissionSets, assignment.Timeout + TokenMargin);

    async Task GiveBackAsync(List<Assignment> assignments, Action givenBack)
    {
        try
        {
            await store.GiveBackAsync(
                [.. assignments.Select(each => (each.ExecutionId, each.Attempt))], clock.GetUtcNow(), CancellationToken.None);
            givenBack();
        }
        catch (Exception exception)
        {
            LogGiveBackFailed(exception, assignments.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No token could be made for execution {Execution}; it goes back to the queue")]
    partial void LogNoToken(Exception exception, long execution);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Giving back {Count} undelivered executions failed; the agent's reconnect or the end of its lease will find them")]
    partial void LogGiveBackFailed(Exception exception, int count);
}
