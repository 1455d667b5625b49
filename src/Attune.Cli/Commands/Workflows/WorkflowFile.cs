using Attune.Cli.Parameters;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Commands.Workflows;

/// <summary>A workflow's file, and the action beside it that says what its parameters are.</summary>
sealed record WorkflowFile
{
    // From actions/workflows/deep/x.workflow.yaml up to actions.
    const int FoldersUp = 4;
    const int BytesMax = 3 << 20;

    /// <summary>As the user called it; `-` is stdin.</summary>
    public required string Path { get; init; }
    public required string Text { get; init; }

    /// <summary>The file of its action; null where none names it.</summary>
    public string? ActionFile { get; init; }

    /// <summary>As in the action's file; null without one.</summary>
    public Struct? Parameters { get; init; }

    /// <summary>Empty where nobody knows.</summary>
    public string PackRef { get; init; } = "";

    /// <summary>The pack's other actions, as they lie beside its own.</summary>
    public IReadOnlyList<CheckedAction> Actions { get; init; } = [];

    public CheckWorkflowRequest ToRequest(string? packRef = null) => new()
    {
        Definition = Text,
        PackRef = packRef ?? PackRef,
        ParametersSchema = Parameters,
        Actions = { Actions },
    };

    /// <summary>Reads a workflow's file; or, given its action's file, the one that that names.</summary>
    public static WorkflowFile Read(string path)
    {
        if (path is "-")
            return new() { Path = path, Text = ParameterFile.ReadText(path) };
        if (Directory.Exists(path))
            throw new CommandFailure($"{path} is a folder.", $"Name one workflow's file; `attune pack check {path}` checks a whole pack.");
        if (!File.Exists(path))
            throw new CommandFailure($"There is no file {path}.");
        if (new FileInfo(path).Length > BytesMax)
            throw new CommandFailure($"{path} is larger than {BytesMax >> 20} MiB, which no workflow is.");

        if (ReadAction(path) is { } own && Named(own) is { } name)
            return ReadOf(path, own, name);

        var full = System.IO.Path.GetFullPath(path);
        var folder = System.IO.Path.GetDirectoryName(full);
        for (var up = 0; up < FoldersUp && folder is not null; up++, folder = System.IO.Path.GetDirectoryName(folder))
        {
            foreach (var file in Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal))
            {
                if (file != full && ReadAction(file) is { } action && Named(action) is { } given && Places(file, given).Contains(full))
                    return Of(path, File.ReadAllText(path), file, action);
            }
        }

        return new() { Path = path, Text = File.ReadAllText(path) };
    }

    static WorkflowFile ReadOf(string actionFile, Struct action, string name)
    {
        var file = Places(actionFile, name).FirstOrDefault(File.Exists)
            ?? throw new CommandFailure($"{actionFile}: there is no {name} beside it, which it names as its workflow_file.");
        return Of(System.IO.Path.GetRelativePath(Environment.CurrentDirectory, file), File.ReadAllText(file), actionFile, action);
    }

    static WorkflowFile Of(string path, string text, string actionFile, Struct action) => new()
    {
        Path = path,
        Text = text,
        ActionFile = System.IO.Path.GetRelativePath(Environment.CurrentDirectory, actionFile),
        Parameters = action.Fields.GetValueOrDefault("parameters")?.StructValue ?? new(),
        PackRef = (action.Fields.GetValueOrDefault("ref")?.StringValue ?? "").Split('.')[0],
        Actions =
        [
            .. Directory.EnumerateFiles(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(actionFile))!, "*.yaml")
                .Order(StringComparer.Ordinal)
                .Select(ReadAction)
                .OfType<Struct>()
                .Where(each => each.Fields.GetValueOrDefault("ref")?.StringValue is { Length: > 0 })
                .Select(each => new CheckedAction
                {
                    Ref = each.Fields["ref"].StringValue,
                    ParametersSchema = each.Fields.GetValueOrDefault("parameters")?.StructValue ?? new(),
                    IsWorkflow = Named(each) is not null,
                }),
        ],
    };

    // Pack files name it from `actions/` on.
    static IEnumerable<string> Places(string actionFile, string name)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(actionFile))!;
        yield return System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name));
        if (System.IO.Path.GetDirectoryName(folder) is { } above)
            yield return System.IO.Path.GetFullPath(System.IO.Path.Combine(above, name));
    }

    static string? Named(Struct action)
        => action.Fields.GetValueOrDefault("workflow_file") is { KindCase: Value.KindOneofCase.StringValue } name ? name.StringValue : null;

    // A neighbour that cannot be read is nobody's action; `attune pack check` says what is wrong with it.
    static Struct? ReadAction(string file)
    {
        try
        {
            return new FileInfo(file).Length > BytesMax ? null : ParameterFile.Read(file, file);
        }
        catch (Exception unreadable) when (unreadable is CommandFailure or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
