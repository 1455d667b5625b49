using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Attune.Engine.Schemas;

/// <summary>
/// A flat schema, name → field, compiled once and then used from any thread. It serves parameters, output, payloads, configuration
/// and inquiry responses. Meanings that the field names do not say:
/// <list type="bullet">
/// <item>An unknown name is an error. An object without `properties` may hold anything.</item>
/// <item>`null` means "not given": a required field refuses it, a default replaces it, otherwise the name is left out. Only `type: any`
/// keeps a null; inside an array it is an error unless the items are `any`.</item>
/// <item>An integer is a whole number of 64 bits; `3.0` is one and becomes `3`. A number must fit a 64-bit float.</item>
/// <item>Lengths count Unicode characters of a string and items of an array. A pattern may match anywhere unless it is anchored.</item>
/// <item>Strings may not hold NUL or half a surrogate pair: PostgreSQL's jsonb refuses both.</item>
/// </list>
/// </summary>
public sealed class Schema
{
    /// <summary>Fields on one level.</summary>
    public const int MaxFields = 256;

    /// <summary>Mistakes reported at once; the last one says when there are more.</summary>
    public const int MaxProblems = 100;

    static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    readonly SchemaOutcome ofNothing;

    internal Schema(IReadOnlyList<SchemaField> fields)
    {
        Fields = fields;
        Names = [.. fields.Select(field => field.Name)];
        SecretPaths = [.. fields.SelectMany(PathsOf)];
        ofNothing = Check(EmptyObject);
    }

    public static Schema Empty { get; } = new([]);

    public bool IsEmpty => Fields.Count == 0;

    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// Dotted paths of the values that are secret: `client_key`, `auth.password`. An array with secrets anywhere inside is secret as a whole.
    /// </summary>
    public IReadOnlyList<string> SecretPaths { get; }

    public bool HasSecrets => SecretPaths.Count > 0;

    internal IReadOnlyList<SchemaField> Fields { get; }

    /// <summary>Reads `name: {type, …}`. An undefined or null element is the empty schema. Problems carry paths such as `port.minimum`.</summary>
    public static SchemaReading Parse(JsonElement json) => SchemaReader.Read(json);

    /// <summary>Checks an object and applies defaults. No bytes at all stand for `{}`.</summary>
    public SchemaOutcome Validate(ReadOnlyMemory<byte> utf8Json)
    {
        if (utf8Json.Length == 0)
            return ofNothing;
        if (utf8Json.Span.SequenceEqual("{}"u8))
            return IsEmpty ? new() { Value = utf8Json } : ofNothing;

        return Check(utf8Json);
    }

    /// <inheritdoc cref="Validate(ReadOnlyMemory{byte})"/>
    public SchemaOutcome Validate(JsonElement value) => value.ValueKind is JsonValueKind.Undefined
        ? ofNothing
        : Validate(JsonMarshal.GetRawUtf8Value(value).ToArray());

    /// <summary>The mistakes in what is given, without asking for what is not: for values that are completed later, such as a pack's config.</summary>
    public IReadOnlyList<SchemaProblem> CheckGiven(ReadOnlyMemory<byte> utf8Json)
    {
        using var document = JsonDocument.Parse(utf8Json);
        var check = new SchemaCheck(utf8Json.Span) { IsPartial = true };
        check.Root(this, document.RootElement);
        return check.Problems ?? [];
    }

    /// <summary>The mistake in asking a value of this schema for `auth.user`; null where it may have that.</summary>
    public SchemaProblem? FindUnknown(IEnumerable<string> path)
    {
        var schema = this;
        var walked = new List<string>();
        foreach (var name in path)
        {
            walked.Add(name);
            if (schema.Fields.FirstOrDefault(field => field.Name == name) is not { } field)
                return new(string.Join('.', walked), schema.IsEmpty ? "is not known: nothing is expected here." : $"is not known.{NearestName.Suggest(name, schema.Names)}");
            if (field.Properties is not { } properties)
                return null;
            schema = properties;
        }

        return null;
    }

    /// <summary>A secret that reading `auth` or `auth.password` would take, also as a part; null where there is none.</summary>
    public string? FindSecret(string path)
        => SecretPaths.FirstOrDefault(secret => path is "" || IsWithin(path, secret) || IsWithin(secret, path));

    /// <summary>Whether all that is put there is kept secret.</summary>
    public bool IsSecret(string path) => SecretPaths.Any(secret => IsWithin(path, secret));

    /// <summary>The mistakes in an object of which some members are known only later.</summary>
    /// <param name="known">An object of the others.</param>
    /// <param name="later">Names.</param>
    public IEnumerable<SchemaProblem> CheckKnown(ReadOnlyMemory<byte> known, IReadOnlyCollection<string> later)
    {
        foreach (var name in later.Where(name => !Names.Contains(name)))
            yield return new(name, IsEmpty ? "is not known: the action takes no parameters." : $"is not known.{NearestName.Suggest(name, Names)}");
        foreach (var problem in Validate(known).Problems.Where(problem => !later.Contains(problem.Path)))
            yield return problem;
    }

    /// <summary>
    /// The value with each present, non-null secret replaced by what <paramref name="write"/> writes for it: to mask, to seal, to open.
    /// The input must be an object that fits the schema, or nearly: what has another shape than the schema says is left as it is.
    /// </summary>
    public ReadOnlyMemory<byte> ReplaceSecrets(ReadOnlyMemory<byte> utf8Json, Action<Utf8JsonWriter, JsonElement> write)
    {
        if (!HasSecrets || utf8Json.Length == 0)
            return utf8Json;

        using var document = JsonDocument.Parse(utf8Json);
        return Written(writer => SchemaWriter.WriteReplaced(writer, this, document.RootElement, write));
    }

    internal static ReadOnlyMemory<byte> Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, SchemaWriter.Options))
            write(writer);
        return buffer.WrittenMemory;
    }

    SchemaOutcome Check(ReadOnlyMemory<byte> utf8Json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8Json, SchemaCheck.Reading);
        }
        catch (JsonException exception)
        {
            return new() { Problems = [new("", $"This is not valid JSON: {exception.Message}")] };
        }

        using (document)
        {
            var check = new SchemaCheck(utf8Json.Span);
            check.Root(this, document.RootElement);
            if (check.Problems is { } problems)
                return new() { Problems = problems };

            return new() { Value = check.Changes ? Written(writer => SchemaWriter.Write(writer, this, document.RootElement)) : utf8Json };
        }
    }

    static bool IsWithin(string path, string outer)
        => path.StartsWith(outer, StringComparison.Ordinal) && (path.Length == outer.Length || path[outer.Length] is '.' or '[');

    static IEnumerable<string> PathsOf(SchemaField field)
    {
        if (field.Secret || field.Items is { HoldsSecret: true })
            return [field.Name];

        return field.Properties?.SecretPaths.Select(path => $"{field.Name}.{path}") ?? [];
    }
}
