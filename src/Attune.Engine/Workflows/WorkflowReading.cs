using System.Text.Json;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows;

/// <summary>What reading a definition came to: a workflow, or its mistakes and as much of it as is there to be looked at.</summary>
public sealed class WorkflowReading
{
    /// <summary>Set when nothing is wrong with the definition itself.</summary>
    public Workflow? Workflow => Problems.Count == 0 ? Sketch : null;

    public IReadOnlyList<WorkflowProblem> Problems { get; internal init; } = [];

    /// <summary>Without what could not be read. Null where there is no task.</summary>
    internal Workflow? Sketch { get; init; }

    /// <summary>Whether every name of a task and all that names it could be read; else nothing can be said about the ways between them.</summary>
    internal bool IsFlowKnown { get; init; }

    /// <summary>Refs of the actions that it calls as far as it could be read, each once.</summary>
    public IReadOnlyList<string> Actions => Sketch is null ? [] : WorkflowCheck.ActionsOf(Sketch);

    /// <param name="definition">As it is stored, or as a file has it turned to JSON.</param>
    public static WorkflowReading Read(JsonElement definition) => WorkflowReader.Read(definition);
}
