using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Attune.Cli.Output;

/// <summary>
/// proto3's JSON mapping with the protos' own field names, and with fields that are zero or empty: a script finds every field
/// in every answer.
/// </summary>
static class WireJson
{
    static readonly JsonFormatter formatter = new(JsonFormatter.Settings.Default
        .WithPreserveProtoFieldNames(true)
        .WithFormatDefaultValues(true)
        .WithTypeRegistry(TypeRegistry.Empty)
        .WithIndentation());

    public static string Of(IMessage message) => formatter.Format(message);

    public static string OfMany(IEnumerable<IMessage> messages)
    {
        var items = messages.Select(message => "  " + Of(message).Replace("\n", "\n  ", StringComparison.Ordinal)).ToList();
        return items.Count is 0 ? "[]" : $"[\n{string.Join(",\n", items)}\n]";
    }
}
