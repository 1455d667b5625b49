using Attune.Packs.Files;

namespace Attune.Packs;

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
}

/// <summary>What reading a pack came to: its content, or every problem in it. The manifest is there whenever pack.yaml could be read.</summary>
public sealed record PackReading(PackContent? Content, PackManifest? Manifest, IReadOnlyList<PackProblem> Problems);
