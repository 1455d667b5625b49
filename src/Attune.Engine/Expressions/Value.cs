using System.Text.Json;

namespace Attune.Engine.Expressions;

public enum ValueKind
{
    Null,
    Bool,
    Int,
    Double,
    String,
    List,
    Map,
}

/// <summary>
/// A JSON value as expressions see it: integers of 64 bits are kept apart from doubles, but 1 equals 1.0. Immutable. Lists and maps keep
/// their order. Equality is by content.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    public static Value Null => default;

    public ValueKind Kind => throw new NotImplementedException();

    public static Value Of(bool value) => throw new NotImplementedException();

    public static Value Of(long value) => throw new NotImplementedException();

    public static Value Of(double value) => throw new NotImplementedException();

    public static Value Of(string value) => throw new NotImplementedException();

    public static Value Of(IReadOnlyList<Value> items) => throw new NotImplementedException();

    public static Value Of(IReadOnlyDictionary<string, Value> members) => throw new NotImplementedException();

    /// <summary>Copies what it needs: the document may be disposed afterwards.</summary>
    public static Value FromJson(JsonElement json) => throw new NotImplementedException();

    public static Value FromJson(ReadOnlyMemory<byte> utf8Json) => throw new NotImplementedException();

    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public bool AsBool() => throw new NotImplementedException();

    public long AsInt() => throw new NotImplementedException();

    /// <summary>Of a double or an integer.</summary>
    public double AsDouble() => throw new NotImplementedException();

    public string AsString() => throw new NotImplementedException();

    public IReadOnlyList<Value> AsList() => throw new NotImplementedException();

    public IReadOnlyDictionary<string, Value> AsMap() => throw new NotImplementedException();

    /// <summary>False where this is no map or has no such member.</summary>
    public bool TryGet(string name, out Value member) => throw new NotImplementedException();

    public void WriteTo(Utf8JsonWriter writer) => throw new NotImplementedException();

    /// <summary>As JSON, cut to <paramref name="maxLength"/> characters with an ellipsis: for messages.</summary>
    public string Show(int maxLength) => throw new NotImplementedException();

    public bool Equals(Value other) => throw new NotImplementedException();

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => throw new NotImplementedException();

    public static bool operator ==(Value left, Value right) => left.Equals(right);

    public static bool operator !=(Value left, Value right) => !left.Equals(right);
}
