namespace Attune.Engine.Workflows.Drawing;

/// <summary>How states look; the state is written in words too.</summary>
/// <param name="DarkFill">Where the page is dark.</param>
readonly record struct StateColours(string Fill, string Stroke, string DarkFill, string DarkStroke)
{
    /// <summary>Of text on the light fills.</summary>
    public const string Ink = "#1f2328";

    public static StateColours Of(TaskState state) => state switch
    {
        TaskState.Waiting => new("#fff8c5", "#9a6700", "#3b2e00", "#d4a72c"),
        TaskState.Running => new("#ddf4ff", "#0969da", "#0c2d4f", "#54aeff"),
        TaskState.Completed => new("#dafbe1", "#1a7f37", "#0f3a1d", "#4ac26b"),
        TaskState.Failed => new("#ffebe9", "#cf222e", "#4c1113", "#ff8182"),
        TaskState.Timeout => new("#fff1e5", "#bc4c00", "#471c00", "#fb8f44"),
        TaskState.Cancelled => new("#eaeef2", "#57606a", "#32383f", "#afb8c1"),
        TaskState.Skipped => new("#ffffff", "#afb8c1", "#16191d", "#57606a"),
        _ => new("#f6f8fa", "#8c959f", "#21262d", "#8c959f"),
    };
}
