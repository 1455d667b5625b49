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
    /// <summary>Whatever the graph, time and length grow about linearly with it. Texts in it are escaped as the format wants.</summary>
    /// <param name="standing">In the order of the tasks; null draws the definition.</param>
    public static string Draw(Workflow workflow, IReadOnlyList<TaskStanding>? standing, DrawingFormat format)
    {
        var picture = Picture.Of(workflow, standing);
        return format switch
        {
            DrawingFormat.Mermaid => MermaidText.Write(picture),
            DrawingFormat.Dot => DotText.Write(picture),
            _ => SvgText.Write(picture),
        };
    }
}
