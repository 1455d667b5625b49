using System.Globalization;
using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Engine.Versions;
using Attune.Packs.Yaml;

namespace Attune.Packs.Files;

/// <summary>
/// Reads the fields of one mapping, by name. Every mistake becomes a problem and reading goes on with a harmless value, so that one pass
/// finds them all. The names that were asked for are the names there are: <see cref="Done"/> reports any other.
/// </summary>
sealed class FieldReader(string file, YamlMap map, string path, List<PackProblem> problems)
{
    public const int MaxText = 10_000;

    readonly List<string> known = [];

    public string File => file;

    /// <summary>For lines that are asked for when everything is read.</summary>
    public YamlMap Lines => map;

    public IEnumerable<string> Names => map.Entries.Select(entry => entry.Key);

    public bool Has(string name) => Find(name) is not null;

    public bool IsMap(string name) => Find(name)?.Value is YamlMap;

    public string? Text(string name)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a text", YamlKind.Text, YamlKind.Integer, YamlKind.Number))
            return null;

        var scalar = (YamlScalar)entry.Value;
        // `version: 1.10` is the number 1.1 to YAML, and a ref or a label is no number either.
        if (scalar.Kind() is not YamlKind.Text)
        {
            Report(name, $"must be a text: write \"{scalar.Text}\" in quotes.");
            return null;
        }

        if (scalar.Text.Length > MaxText)
            Report(name, $"is longer than {MaxText} characters.");
        return scalar.Text;
    }

    public string Required(string name)
    {
        if (Text(name) is { } text && text.Trim() is not "")
            return text;
        if (!Has(name))
            Missing(name);
        else if (Find(name)!.Value is YamlScalar { Text: var given } && given.Trim() is "")
            Report(name, "must not be empty.");
        return "";
    }

    public void Missing(string name) => problems.Add(new(file, map.Line, Full(name), "is missing."));

    /// <summary>A ref of something inside a pack; empty when missing or malformed.</summary>
    public string? Ref(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (PackNames.IsInside(text))
            return text;

        Report(name, $"'{Cut(text)}' is no ref; write `pack.name` in lower case with digits, `_` and `-`.");
        return null;
    }

    public string RequiredRef(string name)
    {
        if (!Has(name))
            Missing(name);
        return Ref(name) ?? "";
    }

    public bool Flag(string name, bool otherwise)
        => Find(name) is { } entry && Expect(entry, "true or false", YamlKind.Boolean)
            ? ((YamlScalar)entry.Value).Text[0] is 't' or 'T'
            : otherwise;

    public int? Whole(string name, int minimum, int maximum)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a whole number", YamlKind.Integer))
            return null;

        _ = YamlJson.IsInteger(((YamlScalar)entry.Value).Text, out var number);
        if (number >= minimum && number <= maximum)
            return (int)number;

        Report(name, $"must be from {minimum} to {maximum}.");
        return null;
    }

    public double? Number(string name, double minimum, double maximum)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a number", YamlKind.Integer, YamlKind.Number))
            return null;
        if (YamlJson.Number((YamlScalar)entry.Value) is { } number && number >= minimum && number <= maximum)
            return number;

        Report(name, string.Create(CultureInfo.InvariantCulture, $"must be from {minimum} to {maximum}."));
        return null;
    }

    public string Choice(string name, string otherwise, params ReadOnlySpan<string> choices)
    {
        if (Text(name) is not { } text)
            return otherwise;
        if (choices.Contains(text))
            return text;

        string[] all = [.. choices];
        Report(name, $"must be {string.Join(", ", all[..^1])} or {all[^1]}, not '{Cut(text)}'.{(NearestName.Find(text, all) is { } near ? $" Did you mean '{near}'?" : "")}");
        return otherwise;
    }

    public IReadOnlyList<string> Texts(string name, Func<string, string?>? refuse = null)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a list of texts", YamlKind.List))
            return [];

        var texts = new List<string>();
        foreach (var (item, index) in ((YamlList)entry.Value).Items.Select((item, index) => (item, index)))
        {
            if (item is not YamlScalar scalar || scalar.Kind() is not YamlKind.Text)
                ReportAt(item.Line, $"{name}[{index}]", item is YamlScalar odd ? $"must be a text: write \"{odd.Text}\" in quotes." : "must be a text.");
            else if (refuse?.Invoke(scalar.Text) is { } refusal)
                ReportAt(item.Line, $"{name}[{index}]", refusal);
            else
                texts.Add(scalar.Text);
        }

        return texts;
    }

    public IReadOnlyList<string> Refs(string name)
        => Texts(name, text => PackNames.IsInside(text) ? null : $"'{Cut(text)}' is no ref; write `pack.name`.");

    public IReadOnlyDictionary<string, string> TextMap(string name)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Find(name) is not { } entry || !Expect(entry, "a mapping", YamlKind.Map))
            return texts;

        foreach (var item in ((YamlMap)entry.Value).Entries)
        {
            if (item.Value is YamlScalar scalar && scalar.Kind() is YamlKind.Text)
                texts[item.Key] = scalar.Text;
            else
                ReportAt(item.Line, $"{name}.{item.Key}", item.Value is YamlScalar odd ? $"must be a text: write \"{odd.Text}\" in quotes." : "must be a text.");
        }

        return texts;
    }

    /// <summary>A mapping with fields of its own; null when it is not there. The caller ends it with <see cref="Done"/>.</summary>
    public FieldReader? Map(string name)
        => Find(name) is { } entry && Expect(entry, "a mapping", YamlKind.Map)
            ? new(file, (YamlMap)entry.Value, Full(name), problems)
            : null;

    public IEnumerable<FieldReader> Maps(string name)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a list of mappings", YamlKind.List))
            yield break;

        foreach (var (item, index) in ((YamlList)entry.Value).Items.Select((item, index) => (item, index)))
        {
            if (item is YamlMap inner)
                yield return new(file, inner, $"{Full(name)}[{index}]", problems);
            else
                ReportAt(item.Line, $"{name}[{index}]", "must be a mapping.");
        }
    }

    /// <summary>Free-form data as JSON: an object, or also a list where the field may be one.</summary>
    public string? Json(string name, bool mayBeList = false)
    {
        if (Find(name) is not { } entry)
            return null;
        if (mayBeList && entry.Value is YamlList)
            return entry.Value.ToJson();

        return Expect(entry, mayBeList ? "a mapping or a list" : "a mapping", YamlKind.Map) ? entry.Value.ToJson() : null;
    }

    public FlatSchema Schema(string name)
    {
        if (Find(name) is not { } entry || !Expect(entry, "a mapping of names to fields", YamlKind.Map))
            return FlatSchema.Empty;

        var json = entry.Value.ToJson();
        using var document = JsonDocument.Parse(json);
        var reading = Engine.Schemas.Schema.Parse(document.RootElement);
        foreach (var problem in reading.Problems)
            ReportAt(problem.Path is "" ? entry.Line : entry.Value.LineOf(problem.Path), problem.PathUnder(name), problem.Message);
        return reading.IsValid ? new(json, reading.Schema) : FlatSchema.Empty;
    }

    /// <summary>Values of a schema that are completed later: what is given must fit.</summary>
    public string Values(string name, FlatSchema schema)
    {
        if (Json(name) is not { } json)
            return "{}";

        foreach (var problem in schema.Schema.CheckGiven(System.Text.Encoding.UTF8.GetBytes(json)))
            ReportAt(Find(name)!.Value.LineOf(problem.Path), problem.PathUnder(name), problem.Message);
        return json;
    }

    public string? Range(string name)
    {
        if (Text(name) is not { } text || VersionRange.TryParse(text, out _, out var problem))
            return Text(name);

        Report(name, problem);
        return null;
    }

    /// <summary>Everything, as JSON.</summary>
    public string WholeJson() => map.ToJson();

    public void Report(string name, string message) => ReportAt(Find(name)?.Line ?? map.Line, name, message);

    public void Done()
    {
        foreach (var entry in map.Entries.Where(entry => !known.Contains(entry.Key)))
            ReportAt(entry.Line, entry.Key, $"is not known.{NearestName.Suggest(entry.Key, known)}");
    }

    public void ReportAt(int line, string name, string message) => problems.Add(new(file, line, Full(name), message));

    YamlEntry? Find(string name)
    {
        if (!known.Contains(name))
            known.Add(name);
        return map.Find(name) is { } entry && entry.Value.Kind() is not YamlKind.Null ? entry : null;
    }

    bool Expect(YamlEntry entry, string expected, params ReadOnlySpan<YamlKind> kinds)
    {
        var kind = entry.Value.Kind();
        if (kinds.Contains(kind))
            return true;

        ReportAt(entry.Line, entry.Key, $"must be {expected}, not {Name(kind)}.");
        return false;
    }

    string Full(string name) => path is "" ? name : $"{path}.{name}";

    static string Cut(string text) => text.Length <= 80 ? text : text[..80] + "…";

    static string Name(YamlKind kind) => kind switch
    {
        YamlKind.Boolean => "true or false",
        YamlKind.Integer or YamlKind.Number => "a number",
        YamlKind.List => "a list",
        YamlKind.Map => "a mapping",
        _ => "a text",
    };
}
