using System.Text.RegularExpressions;
using Attune.Engine.Workflows;

namespace Attune.Packs.Files;

/// <summary>When a failed attempt is followed by another.</summary>
public sealed record RetryFields
{
    /// <summary>Attempts in all, at least 1.</summary>
    public required int MaxAttempts { get; init; }
    public required double DelaySeconds { get; init; }

    /// <summary>constant, linear or exponential.</summary>
    public required string Backoff { get; init; }
    public required double MaxDelaySeconds { get; init; }

    /// <summary>failed, timeout, lost.</summary>
    public required IReadOnlyList<string> On { get; init; }

    internal static RetryFields? Read(FieldReader? fields)
    {
        if (fields is null)
            return null;

        string[] outcomes = ["failed", "timeout", "lost"];
        var on = fields.Texts("on", text => outcomes.Contains(text) ? null : $"must be {string.Join(", ", outcomes)}.");
        var delay = fields.Number("delay_seconds", 0, 86_400) ?? 1;
        var retry = new RetryFields
        {
            MaxAttempts = fields.Whole("max_attempts", 1, 100) ?? 3,
            DelaySeconds = delay,
            Backoff = fields.Choice("backoff", "constant", "constant", "linear", "exponential"),
            MaxDelaySeconds = fields.Number("max_delay_seconds", 0, 86_400) ?? Math.Max(delay, 300),
            On = on.Count > 0 ? on : outcomes,
        };
        fields.Done();
        return retry;
    }
}

/// <summary>`actions/*.yaml`: a program to run, or a workflow.</summary>
public sealed partial record ActionFile
{
    public const int MaxTimeoutSeconds = 7 * 86_400;

    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>Null for a workflow.</summary>
    public string? Runtime { get; init; }

    /// <summary>A version range.</summary>
    public string? RuntimeVersion { get; init; }

    /// <summary>Relative to the pack's root (`actions/check_cert.py`), or `builtin:name`; null for a workflow.</summary>
    public string? EntryPoint { get; init; }

    /// <summary>Relative to the pack's root.</summary>
    public string? WorkflowFile { get; init; }

    /// <summary>Null where this is no workflow, or its file is none.</summary>
    public WorkflowFile? Graph { get; init; }
    public required FlatSchema Parameters { get; init; }
    public required FlatSchema Output { get; init; }
    public required string ParameterDelivery { get; init; }
    public required string ParameterFormat { get; init; }
    public required string OutputFormat { get; init; }
    public int? TimeoutSeconds { get; init; }
    public RetryFields? Retry { get; init; }
    public required string Delivery { get; init; }
    public required IReadOnlyDictionary<string, string> WorkerLabels { get; init; }
    public required IReadOnlyList<string> PermissionSets { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    public bool IsWorkflow => WorkflowFile is not null;

    /// <summary>Every mistake of the workflow among the actions around it, each with its line; reading it has found the others.</summary>
    public IEnumerable<PackProblem> CheckWorkflow(WorkflowCheckSurroundings around) => Graph is null
        ? []
        : Graph.CheckFurther(around with { Ref = Ref, Parameters = Parameters.Schema })
            .Select(problem => new PackProblem(WorkflowFile!, problem.Line, problem.Path, problem.Message));

    internal static ActionFile Read(FieldReader fields, PackLayout layout)
    {
        var isWorkflow = fields.Has("workflow_file");
        var (workflowFile, graph) = isWorkflow ? WorkflowFileReader.Read(fields, layout) : default;
        var format = fields.Choice("parameter_format", "json", "json", "yaml", "dotenv");
        var reference = layout.OwnRef(fields);
        var action = new ActionFile
        {
            File = fields.File,
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Enabled = fields.Flag("enabled", true),
            Runtime = isWorkflow ? fields.Ref("runtime") : fields.RequiredRef("runtime"),
            RuntimeVersion = fields.Range("runtime_version"),
            EntryPoint = layout.EntryPoint(fields, "actions", isRequired: !isWorkflow, "builtin:echo", "builtin:noop"),
            WorkflowFile = workflowFile,
            Graph = graph,
            Parameters = fields.Schema("parameters"),
            Output = fields.Schema("output"),
            ParameterDelivery = fields.Choice("parameter_delivery", "stdin", "stdin", "file"),
            ParameterFormat = format,
            OutputFormat = fields.Choice("output_format", "text", "text", "json", "yaml", "jsonl"),
            TimeoutSeconds = fields.Whole("timeout_seconds", 1, MaxTimeoutSeconds),
            Retry = RetryFields.Read(fields.Map("retry")),
            Delivery = fields.Choice("delivery", "at_most_once", "at_most_once", "at_least_once"),
            WorkerLabels = fields.TextMap("worker_labels"),
            PermissionSets = fields.Refs("permission_sets"),
            Tags = fields.Texts("tags"),
        };
        if (isWorkflow && (fields.Has("runtime") || fields.Has("entry_point")))
            fields.Report("workflow_file", "stands instead of `runtime` and `entry_point`; leave those out.");
        if (format is "dotenv" && action.Parameters.Schema.Names.FirstOrDefault(name => !ShellName().IsMatch(name)) is { } odd)
            fields.Report("parameters", $"'{odd}' is no shell variable, which `parameter_format: dotenv` needs: use letters, digits and `_`.");
        fields.Done();
        return action;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShellName();
}
