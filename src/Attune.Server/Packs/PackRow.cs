namespace Attune.Server.Packs;

sealed record PackRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public string? Description { get; init; }
    public required string Version { get; init; }
    public required string[] Tags { get; init; }
    public required string[] RuntimeDeps { get; init; }

    /// <summary>JSON; holds secrets in clear, so it leaves the server only through the mapping.</summary>
    public required string Config { get; init; }
    public required string ConfSchema { get; init; }
    public required string Meta { get; init; }
    public required bool IsStandard { get; init; }
    public string? ReleaseDigest { get; init; }
    public required string InstallationMethod { get; init; }
    public DateTimeOffset? InstalledAt { get; init; }
    public string? InstalledByLogin { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
}

sealed record ReleaseRow
{
    public required string PackRef { get; init; }
    public required string Version { get; init; }
    public required string Digest { get; init; }
    public required long SizeBytes { get; init; }
    public required bool Current { get; init; }
    public required DateTimeOffset Created { get; init; }
}

sealed record EnvironmentRow
{
    public required string PackRef { get; init; }
    public required string RuntimeRef { get; init; }
    public string? WorkerName { get; init; }
    public required string EnvPath { get; init; }
    public required string Status { get; init; }
    public DateTimeOffset? InstalledAt { get; init; }
    public DateTimeOffset? LastVerified { get; init; }
    public string? InstallLog { get; init; }
    public string? InstallError { get; init; }
}
