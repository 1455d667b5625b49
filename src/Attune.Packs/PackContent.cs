using Attune.Engine.Workflows;
using Attune.Packs.Files;

namespace Attune.Packs;

/// <summary>
/// Something in another pack that a part needs. <paramref name="Kind"/> is runtime, trigger, action, permission_set or pack; the rest says where
/// it is named.
/// </summary>
public sealed record PackReference(string Kind, string Ref, string File, int Line, string Field)
{
    /// <summary>A rule waits for what it names.</summary>
    public bool MayBeMissing { get; init; }
}

/// <summary>Everything a pack defines, checked within itself. What it refers to in other packs is not looked at here.</summary>
public sealed record PackContent
{
    public required PackManifest Manifest { get; init; }
    public required IReadOnlyList<PermissionSetFile> PermissionSets { get; init; }
    public required IReadOnlyList<RuntimeFile> Runtimes { get; init; }
    public required IReadOnlyList<TriggerFile> Triggers { get; init; }
    public required IReadOnlyList<ActionFile> Actions { get; init; }
    public required IReadOnlyList<PolicyFile> Policies { get; init; }
    public required IReadOnlyList<RuleFile> Rules { get; init; }
    public required IReadOnlyList<SensorFile> Sensors { get; init; }
    public IReadOnlyList<PackReference> Elsewhere { get; init; } = [];

    /// <summary>Every mistake of its workflows, each with its line.</summary>
    /// <param name="elsewhere">Actions of other packs, as far as they are known; of others only the refs are taken.</param>
    public IEnumerable<PackProblem> CheckWorkflows(IEnumerable<CalledAction> elsewhere)
    {
        var around = new WorkflowCheckSurroundings
        {
            PackConfig = Manifest.ConfSchema.Schema,
            Actions = Actions.Select(action => new CalledAction(action.Ref, action.Parameters.Schema, action.IsWorkflow))
                .Concat(elsewhere)
                .DistinctBy(action => action.Ref)
                .ToDictionary(action => action.Ref),
            ActionRefs = [.. Actions.Select(action => action.Ref)],
            PermissionSets = [.. PermissionSets.Select(set => set.Ref)],
            OnlyPack = Manifest.Ref,
        };
        return Actions.SelectMany(action => action.CheckWorkflow(around));
    }

    /// <summary>`action ops.disk_usage`, in the order in which parts are loaded.</summary>
    public IEnumerable<string> PartNames =>
    [
        .. PermissionSets.Select(part => $"permission_set {part.Ref}"),
        .. Runtimes.Select(part => $"runtime {part.Ref}"),
        .. Triggers.Select(part => $"trigger {part.Ref}"),
        .. Actions.Select(part => $"action {part.Ref}"),
        .. Policies.Select(part => $"policy {part.Ref}"),
        .. Rules.Select(part => $"rule {part.Ref}"),
        .. Sensors.Select(part => $"sensor {part.Ref}"),
    ];
}

/// <summary>What reading a pack came to: its content, or every problem in it. The manifest is there whenever pack.yaml could be read.</summary>
public sealed record PackReading(PackContent? Content, PackManifest? Manifest, IReadOnlyList<PackProblem> Problems);
