using Attune.Engine.Schemas;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Parameters;

/// <summary>
/// Parameters from `k=v` words, typed by the action's schema. `k=v` text, `k=@file` a file's text (`@-` stdin, `@@` a text that
/// begins with @), `k:=json` any JSON, `a.b=v` inside an object; an array takes its values one by one.
/// </summary>
/// <param name="owner">Ref of what takes them.</param>
/// <param name="schema">Null when it could not be read: then types are guessed and every name goes.</param>
/// <param name="readFile">Reads what `@` names.</param>
/// <param name="show">The command that lists them.</param>
/// <param name="noun">What one of them is called.</param>
sealed class ParameterSet(
    string owner, IReadOnlyDictionary<string, ParameterField>? schema, Func<string, string> readFile,
    string show = "attune action show", string noun = "parameter")
{
    readonly HashSet<string> listed = new(StringComparer.Ordinal);

    public Struct Values { get; } = new();

    /// <summary>A text with {{ in it stays one, whatever the schema says its value will be.</summary>
    public bool TakesExpressions { get; init; }

    /// <summary>A whole object, laid under the words that follow.</summary>
    public void Lay(Struct parameters)
    {
        foreach (var (name, value) in parameters.Fields)
        {
            if (schema is not null)
                Known(name, schema, name);
            Values.Fields[name] = value;
        }
    }

    public void Add(IEnumerable<string> words)
    {
        foreach (var word in words)
            Add(word);
    }

    /// <summary>Required secrets that nothing was given for.</summary>
    public IEnumerable<string> MissingSecrets()
        => (schema ?? new Dictionary<string, ParameterField>())
            .Where(field => field.Value is { Secret: true, Required: true, Default: null } && !Values.Fields.ContainsKey(field.Key))
            .Select(field => field.Key);

    public void AddSecret(string name, string value)
        => Values.Fields[name] = ParameterText.Typed(name, value, schema![name]);

    void Add(string word)
    {
        var equals = word.IndexOf('=');
        if (equals <= 0)
        {
            throw new CommandFailure(
                $"'{word}' is not a {noun}: it is written name=value.",
                $"`{show} {owner}` lists them.");
        }

        var isJson = word[equals - 1] is ':';
        var path = word[..(isJson ? equals - 1 : equals)];
        var text = word[(equals + 1)..];
        if (!isJson)
            text = Text(path, text);

        var names = path.Split('.');
        var field = schema is null ? ParameterField.Unknown : Field(path, names);
        var value = isJson ? ParameterText.Json(path, text)
            : IsExpression(text, field) ? Value.ForString(text)
            : ParameterText.Typed(path, text, field);
        Put(path, names, value, appends: value.KindCase is Value.KindOneofCase.ListValue && !isJson);
    }

    // One expression may be a whole array; beside other text it is an item's.
    bool IsExpression(string text, ParameterField field)
        => TakesExpressions && text.Contains("{{", StringComparison.Ordinal)
            && (field.Type is not "array" || (text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal)));

    string Text(string path, string text)
    {
        if (text.StartsWith("@@", StringComparison.Ordinal))
            return text[1..];
        if (!text.StartsWith('@'))
            return text;

        try
        {
            // Editors and `echo` end a file with a line break that nobody means as part of a password.
            var content = readFile(text[1..]);
            return content.EndsWith("\r\n", StringComparison.Ordinal) ? content[..^2]
                : content.EndsWith('\n') ? content[..^1]
                : content;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure(
                $"{path}: {unreadable.Message}", $"A value that begins with @ is written with two: {path}=@@…");
        }
    }

    ParameterField Field(string path, string[] names)
    {
        var fields = schema;
        var field = ParameterField.Unknown;
        foreach (var name in names)
        {
            if (fields is null)
                return field.Type is "" or "object"
                    ? ParameterField.Unknown
                    : throw new CommandFailure($"{path}: there is nothing inside it, it is of type {field.Type}.");

            field = Known(name, fields, path);
            fields = field.Properties;
        }

        return field;
    }

    ParameterField Known(string name, IReadOnlyDictionary<string, ParameterField> fields, string path)
    {
        if (fields.TryGetValue(name, out var field))
            return field;

        var suggestion = fields.Count is 0 ? " It takes none." : NearestName.Suggest(name, [.. fields.Keys]);
        throw new CommandFailure(
            $"{owner} has no {noun} '{(path.Contains('.') ? path : name)}'.{suggestion}",
            $"`{show} {owner}` lists them.");
    }

    void Put(string path, string[] names, Value value, bool appends)
    {
        var target = Values;
        foreach (var name in names[..^1])
        {
            if (!target.Fields.TryGetValue(name, out var inner) || inner.KindCase is not Value.KindOneofCase.StructValue)
                target.Fields[name] = inner = Value.ForStruct(new());
            target = inner.StructValue;
        }

        // The first word replaces what --params brought; those after it add to the first.
        if (appends && !listed.Add(path) && target.Fields.TryGetValue(names[^1], out var list)
            && list.KindCase is Value.KindOneofCase.ListValue)
            list.ListValue.Values.Add(value.ListValue.Values);
        else
            target.Fields[names[^1]] = value;
    }
}
