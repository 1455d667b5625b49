using System.Globalization;
using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>Members of a map in a case; one that nobody asks for is a mistake.</summary>
sealed class Fields
{
    readonly IReadOnlyDictionary<string, Value> members;
    readonly HashSet<string> unread;
    readonly string path;

    public Fields(Value value, string path)
    {
        members = value.Kind is ValueKind.Map ? value.AsMap() : throw new CaseException($"{path} must be a map.");
        unread = [.. members.Keys];
        this.path = path;
    }

    public bool Has(string name) => members.ContainsKey(name);

    public Value? Optional(string name)
    {
        unread.Remove(name);
        return members.TryGetValue(name, out var value) ? value : null;
    }

    public Value Required(string name) => Optional(name) ?? throw new CaseException($"{path}.{name} is missing.");

    public string Text(string name) => Required(name) is { Kind: ValueKind.String } text
        ? text.AsString()
        : throw new CaseException($"{path}.{name} must be a text.");

    public IReadOnlyDictionary<string, Value> Map(string name)
        => Optional(name) is { } map ? map.AsMap() : new Dictionary<string, Value>();

    public void End()
    {
        if (unread.Count > 0)
            throw new CaseException($"{path}: '{unread.First()}' means nothing here.");
    }

    /// <summary>`5s`, `1.5s`, `2m`, `1h`, or seconds as a number.</summary>
    public static TimeSpan Time(Value value, string path)
    {
        if (value.Kind is ValueKind.Int or ValueKind.Double)
            return TimeSpan.FromSeconds(value.AsDouble());

        var text = value.AsString();
        var unit = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => throw new CaseException($"{path}: '{text}' is no time such as 5s, 2m or 1h."),
        };
        return TimeSpan.FromSeconds(unit * double.Parse(text[..^1], CultureInfo.InvariantCulture));
    }
}
