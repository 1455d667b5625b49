using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Attune.Cli.Output;

/// <summary>
/// proto3's JSON mapping with the protos' own field names, and with fields that are zero or empty: a script finds every field
/// in every answer.
/// </summary>
static partial class WireJson
{
    static readonly JsonFormatter.Settings settings = JsonFormatter.Settings.Default
        .WithPreserveProtoFieldNames(true)
        .WithFormatDefaultValues(true)
        .WithTypeRegistry(TypeRegistry.Empty);

    static readonly JsonFormatter formatter = new(settings.WithIndentation());
    static readonly JsonFormatter lineFormatter = new(settings);

    // The formatter writes < and > as \u003c and \u003e, for pages that JSON is pasted into; here people and grep read it.
    public static string Of(IMessage message) => Readable(formatter.Format(message));

    /// <summary>Without a line break.</summary>
    public static string OfLine(IMessage message) => Readable(lineFormatter.Format(message));

    static string Readable(string json) => Escape.Replace(json, escape => escape.Value switch
    {
        "\\u003c" => "<",
        "\\u003e" => ">",
        var other => other,
    });

    public static string OfMany(IEnumerable<IMessage> messages)
    {
        var items = messages.Select(message => "  " + Of(message).Replace("\n", "\n  ", StringComparison.Ordinal)).ToList();
        return items.Count is 0 ? "[]" : $"[\n{string.Join(",\n", items)}\n]";
    }

    // Every escape, so that the second half of an escaped backslash begins none.
    [GeneratedRegex(@"\\(u[0-9a-f]{4}|.)")]
    static partial Regex Escape { get; }
}
