namespace Attune.Server.Storage;

/// <summary>One file of the migrations folder.</summary>
public sealed record Migration
{
    /// <summary>The UTC time it was begun, yyyyMMddHHmmss; migrations run in this order.</summary>
    public required long Version { get; init; }

    /// <summary>The file's name without its extension.</summary>
    public required string Name { get; init; }
    public required string Path { get; init; }
    public required string Sql { get; init; }

    /// <summary>SHA-256 in lower hex of the text with plain line feeds, so a checkout on another system is not an edit.</summary>
    public required string Checksum { get; init; }
    public required string UndoPath { get; init; }

    public string Description => Name[(Name.IndexOf('_') + 1)..].Replace('_', ' ');
}
