namespace Attune.Packs.Files;

/// <summary>The graph that an action names as its `workflow_file`.</summary>
static class WorkflowFileReader
{
    public static (string? Path, WorkflowFile? File) Read(FieldReader action, PackLayout layout)
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
            return (path, null);

        var workflow = WorkflowFile.Of(fields.Lines);
        foreach (var problem in workflow.Problems)
            fields.ReportAt(problem.Line, problem.Path, problem.Message);
        return (path, workflow);
    }
}
