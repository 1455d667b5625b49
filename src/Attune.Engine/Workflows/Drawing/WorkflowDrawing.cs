namespace Attune.Engine.Workflows.Drawing;

public enum DrawingFormat
{
    Mermaid,
    Dot,
    Svg,
}

/// <summary>A workflow as a picture in text, with the states of a run where there is one.</summary>
public static class WorkflowDrawing
{
    /// <param name="standing">In the order of the tasks; null draws the definition.</param>
    public static string Draw(Workflow workflow, IReadOnlyList<TaskStanding>? standing, DrawingFormat format)
        => throw new NotImplementedException();
}
