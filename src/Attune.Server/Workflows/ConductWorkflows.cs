namespace Attune.Server.Workflows;

/// <summary>Carries workflows on, many in one transaction.</summary>
sealed class ConductWorkflows
{
    /// <summary>Takes all that has happened to one workflow, after whoever is at it.</summary>
    public Task RunOneAsync(long workflowExecution, CancellationToken ct) => throw new NotImplementedException();
}
