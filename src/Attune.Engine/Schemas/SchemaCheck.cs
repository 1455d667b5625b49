using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Engine.Matching;

namespace Attune.Engine.Schemas;

/// <summary>One walk over one value: collects every mistake, and whether the value must be rewritten.</summary>
sealed class SchemaCheck(ReadOnlySpan<byte> utf8Json)
{
    public static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false };

    // Only an escape can smuggle in NUL or half a surrogate pair, so most documents need no look at their strings.
    readonly bool mayHoldBadText = utf8Json.IndexOf("\\u"u8) >= 0;

    // The way from the root to the value at hand, made into text only for a problem.
    readonly List<(string? Name, int Index)> trail = new(8);

    public List<SchemaProblem>? Problems { get; private set; }

    public bool Changes { get; private set; }

    /// <summary>Whether fields of the root may be missing although they are required.</summary>
    public bool IsPartial { get; init; }

    public void Root(Schema schema, JsonElement value)
    {
        if (value.ValueKind is not JsonValueKind.Object)
            Report($"must be an object, not {KindOf(value)}.");
        else
            Object(schema, value);
    }

    void Object(Schema schema, JsonElement value)
    {
        var known = 0;
        foreach (var field in schema.Fields)
        {
            trail.Add((field.Name, 0));
            var present = value.TryGetProperty(field.EncodedName.EncodedUtf8Bytes, out var element);
            if (present)
                known++;
            Field(field, element, present);
            trail.RemoveAt(trail.Count - 1);
        }

        if (known != value.GetPropertyCount())
            Unknown(schema, value);
    }

    void Field(SchemaField field, JsonElement value, bool present)
    {
        var given = present && (value.ValueKind is not JsonValueKind.Null || field is { Type: FieldType.Any, Default: null });
        if (given)
        {
            Value(field, value);
            return;
        }

        if (field.Default is not null || present)
            Changes = true;
        if (field.Required && field.Default is null && !(IsPartial && trail.Count == 1))
            Report($"is required: give {field.TypeName}.");
    }

    void Unknown(Schema schema, JsonElement value)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (TextOf(() => property.Name) is not { } name)
            {
                Report("holds a name that is not valid Unicode text.");
                continue;
            }

            if (schema.Names.Contains(name))
                continue;

            var shown = name.Length <= 100 ? name : name[..100] + "…";
            trail.Add((shown, 0));
            Report(schema.IsEmpty ? "is not known: nothing is expected here." : $"is not known.{NearestName.Suggest(name, schema.Names)}");
            trail.RemoveAt(trail.Count - 1);
        }
    }

    public void Value(SchemaField field, JsonElement value)
    {
        switch (field.Type)
        {
            case FieldType.String when value.ValueKind is JsonValueKind.String:
                String(field, value);
                break;
            case FieldType.Integer when value.ValueKind is JsonValueKind.Number:
                Integer(field, value);
                break;
            case FieldType.Number when value.ValueKind is JsonValueKind.Number:
                if (Number(value))
                    Limits(field, value);
                break;
            case FieldType.Boolean when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                break;
            case FieldType.Object when value.ValueKind is JsonValueKind.Object:
                if (field.Properties is { } properties)
                    Object(properties, value);
                else
                    Untyped(value);
                break;
            case FieldType.Array when value.ValueKind is JsonValueKind.Array:
                Array(field, value);
                break;
            case FieldType.Any:
                Untyped(value);
                break;
            default:
                Report($"must be {field.TypeName}, not {KindOf(value)}.");
                return;
        }

        if (field.Enum is { } allowed && !allowed.Any(each => JsonElement.DeepEquals(each, value)))
            Report($"must be one of {string.Join(", ", allowed.Select(Shown))}.");
    }

    void String(SchemaField field, JsonElement value)
    {
        if (mayHoldBadText && !Untyped(value))
            return;
        if (field is { MinLength: null, MaxLength: null, Pattern: null, Format: null })
            return;

        var text = value.GetString()!;
        Length(field, text.Count(unit => !char.IsLowSurrogate(unit)), "character");
        if (field.Pattern is { } pattern && !Matches(pattern, text))
            Report($"must match the pattern {pattern}.");
        if (field.Format is { } format && !format.Matches(text))
            Report($"must be a {format.Name} such as {format.Example}.");
    }

    bool Matches(Regex pattern, string text)
    {
        try
        {
            return pattern.IsSureMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            Report("takes too long to match: shorten it, or simplify the pattern in the schema.");
            return true;
        }
    }

    void Integer(SchemaField field, JsonElement value)
    {
        if (!value.TryGetInt64(out _))
        {
            if (WholeNumber(value) is null)
            {
                Report($"must be a whole number from {long.MinValue} to {long.MaxValue}.");
                return;
            }

            Changes = true;
        }

        Limits(field, value);
    }

    /// <summary>The value as 64 bits, also where it is spelled `3.0` or `3e2`; null for any other number.</summary>
    public static long? WholeNumber(JsonElement value)
    {
        if (value.TryGetInt64(out var whole))
            return whole;

        return value.TryGetDecimal(out var number) && decimal.Truncate(number) == number && number is >= long.MinValue and <= long.MaxValue
            ? (long)number
            : null;
    }

    // PostgreSQL's numeric would take more, but a script in any language would not.
    bool Number(JsonElement value)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        var number = value.GetDouble();
        var vanished = number == 0 && raw.IndexOfAnyInRange((byte)'1', (byte)'9') is >= 0 and var digit
            && (raw.IndexOfAny((byte)'e', (byte)'E') is var exponent && (exponent < 0 || digit < exponent));
        if (double.IsFinite(number) && !vanished && raw.Length <= 400)
            return true;

        Report("does not fit a 64-bit floating point number.");
        return false;
    }

    void Limits(SchemaField field, JsonElement value)
    {
        if (field.Minimum is { } minimum && (value.TryGetDecimal(out var exact) ? exact < minimum : value.GetDouble() < (double)minimum))
            Report(string.Create(CultureInfo.InvariantCulture, $"must be at least {minimum}."));
        if (field.Maximum is { } maximum && (value.TryGetDecimal(out exact) ? exact > maximum : value.GetDouble() > (double)maximum))
            Report(string.Create(CultureInfo.InvariantCulture, $"must be at most {maximum}."));
    }

    void Array(SchemaField field, JsonElement value)
    {
        Length(field, value.GetArrayLength(), "item");
        if (field.Items is not { } items)
        {
            Untyped(value);
            return;
        }

        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            trail.Add((null, index++));
            Value(items, item);
            trail.RemoveAt(trail.Count - 1);
        }
    }

    void Length(SchemaField field, int length, string unit)
    {
        if (field.MinLength is { } minimum && length < minimum)
            Report($"must have at least {minimum} {unit}{(minimum == 1 ? "" : "s")}, not {length}.");
        if (field.MaxLength is { } maximum && length > maximum)
            Report($"must have at most {maximum} {unit}{(maximum == 1 ? "" : "s")}, not {length}.");
    }

    // What every value must keep to, whatever the schema leaves open.
    bool Untyped(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return Number(value);
            case JsonValueKind.String when mayHoldBadText && !IsSound(TextOf(() => value.GetString()!)):
                Report("must be Unicode text without NUL (\\u0000) and without half a surrogate pair.");
                return false;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    trail.Add((null, index++));
                    Untyped(item);
                    trail.RemoveAt(trail.Count - 1);
                }

                return true;
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    Untyped(property);
                return true;
            default:
                return true;
        }
    }

    void Untyped(JsonProperty property)
    {
        if (mayHoldBadText && !IsSound(TextOf(() => property.Name)))
        {
            Report("holds a name that is not Unicode text without NUL (\\u0000).");
            return;
        }

        // The name costs a string, so it is fetched only where something below it can be wrong.
        if (property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null)
            return;
        if (property.Value.ValueKind is JsonValueKind.String && !mayHoldBadText)
            return;

        trail.Add((property.Name, 0));
        Untyped(property.Value);
        trail.RemoveAt(trail.Count - 1);
    }

    static bool IsSound(string? text) => text is not null && !text.Contains('\0');

    // Half a surrogate pair shows itself only when the text is asked for.
    static string? TextOf(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    void Report(string message)
    {
        Problems ??= [];
        if (Problems.Count < Schema.MaxProblems - 1)
            Problems.Add(new(Path(), message));
        else if (Problems.Count == Schema.MaxProblems - 1)
            Problems.Add(new("", "has further problems, which are not listed."));
    }

    string Path()
    {
        var path = new StringBuilder();
        foreach (var (name, index) in trail)
        {
            if (name is null)
                path.Append(CultureInfo.InvariantCulture, $"[{index}]");
            else
                path.Append(path.Length == 0 ? "" : ".").Append(name);
        }

        return path.ToString();
    }

    static string Shown(JsonElement allowed) => allowed.ValueKind is JsonValueKind.String ? allowed.GetString()! : allowed.GetRawText();

    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        _ => "null",
    };
}
