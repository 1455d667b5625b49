namespace Attune.Packs.Files;

/// <summary>A workflow's file: read and kept as JSON. What its tasks mean is the workflow engine's to check.</summary>
static class WorkflowFileReader
{
    public static (string? Path, string? Json, string? Version) Read(FieldReader action, PackLayout layout)
    {
        if (action.Text("workflow_file") is not { } name)
            return default;
        if (PackLayout.Inside("actions", name) is not { } path)
        {
            action.Report("workflow_file", $"'{name}' must be a path below `actions/`, without `..`.");
            return default;
        }

        if (!layout.Files.TryGet(path, out var file))
        {
            action.Report("workflow_file", $"'{path}' is not in the pack.");
            return default;
        }

        if (layout.Open(file) is not { } fields)
            return (path, null, null);

        var version = fields.Text("version");
        fields.Json("vars");
        fields.Choice("cancellation", "allow_finish", "allow_finish", "cancel_running");
        fields.Json("output_map");
        fields.Number("timeout", 1, ActionFile.MaxTimeoutSeconds);
        if (!fields.Has("tasks"))
            fields.Missing("tasks");
        fields.Json("tasks", mayBeList: true);
        fields.Done();
        return (path, fields.WholeJson(), version ?? "1.0.0");
    }
}
