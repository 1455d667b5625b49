using Attune.Engine.Schemas;

namespace Attune.Packs.Files;

/// <summary>A schema as its file has it, as JSON, and ready to use.</summary>
public sealed record FlatSchema(string Json, Schema Schema)
{
    public static FlatSchema Empty { get; } = new("{}", Schema.Empty);
}
