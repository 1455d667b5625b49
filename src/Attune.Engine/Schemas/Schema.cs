namespace Attune.Engine.Schemas;

/// <summary>A flat schema: name → field.</summary>
public sealed record Schema;
