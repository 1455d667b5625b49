using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Attune.Engine.Expressions;

[SuppressMessage("Naming", "CA1720", Justification = "The kinds are called what users call them.")]
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
/// their order, which does not matter to the equality of maps. Equality is by content.
/// </summary>
public readonly struct Value : IEquatable<Value>
{
    readonly object? reference;
    readonly long bits;
    readonly ValueKind kind;

    Value(ValueKind kind, long bits, object? reference) => (this.kind, this.bits, this.reference) = (kind, bits, reference);

    public static Value Null => default;

    public ValueKind Kind => kind;

    internal bool IsNumber => kind is ValueKind.Int or ValueKind.Double;

    /// <summary>Characters, names and items in it, however deep; what is in it twice counts twice.</summary>
    internal long Weight => kind switch
    {
        ValueKind.String => 1 + ((string)reference!).Length,
        ValueKind.List => ((ValueList)reference!).Weight,
        ValueKind.Map => ((ValueMap)reference!).Weight,
        _ => 1,
    };

    public static Value Of(bool value) => new(ValueKind.Bool, value ? 1 : 0, null);

    public static Value Of(long value) => new(ValueKind.Int, value, null);

    /// <exception cref="ArgumentOutOfRangeException">Not a number or infinite: JSON has neither.</exception>
    public static Value Of(double value) => double.IsFinite(value)
        ? new(ValueKind.Double, BitConverter.DoubleToInt64Bits(value), null)
        : throw new ArgumentOutOfRangeException(nameof(value), "A number must be finite.");

    public static Value Of(string value) => new(ValueKind.String, 0, value);

    public static Value Of(IReadOnlyList<Value> items) => Of(items as ValueList ?? new ValueList([.. items]));

    public static Value Of(IReadOnlyDictionary<string, Value> members) => Of(members as ValueMap ?? ValueMap.Of([.. members]));

    internal static Value Of(ValueList items) => new(ValueKind.List, 0, items);

    internal static Value Of(ValueMap members) => new(ValueKind.Map, 0, members);

    /// <summary>Copies what it needs: the document may be disposed afterwards.</summary>
    /// <exception cref="JsonException">Deeper than 64 levels, a number that no double holds, half a surrogate pair.</exception>
    public static Value FromJson(JsonElement json) => ValueJson.Read(json);

    /// <exception cref="JsonException">Not JSON, deeper than 64 levels, a number that no double holds, half a surrogate pair.</exception>
    public static Value FromJson(ReadOnlyMemory<byte> utf8Json) => ValueJson.Read(utf8Json.Span);

    /// <exception cref="InvalidOperationException">It is of another kind.</exception>
    public bool AsBool() => kind is ValueKind.Bool ? bits != 0 : throw Not(ValueKind.Bool);

    public long AsInt() => kind is ValueKind.Int ? bits : throw Not(ValueKind.Int);

    /// <summary>Of a double or an integer.</summary>
    public double AsDouble() => kind switch
    {
        ValueKind.Double => BitConverter.Int64BitsToDouble(bits),
        ValueKind.Int => bits,
        _ => throw Not(ValueKind.Double),
    };

    public string AsString() => kind is ValueKind.String ? (string)reference! : throw Not(ValueKind.String);

    public IReadOnlyList<Value> AsList() => kind is ValueKind.List ? (ValueList)reference! : throw Not(ValueKind.List);

    public IReadOnlyDictionary<string, Value> AsMap() => kind is ValueKind.Map ? (ValueMap)reference! : throw Not(ValueKind.Map);

    internal ValueList Items => kind is ValueKind.List ? (ValueList)reference! : throw Not(ValueKind.List);

    internal ValueMap Members => kind is ValueKind.Map ? (ValueMap)reference! : throw Not(ValueKind.Map);

    /// <summary>False where this is no map or has no such member.</summary>
    public bool TryGet(string name, out Value member)
    {
        if (kind is ValueKind.Map)
            return ((ValueMap)reference!).TryGetValue(name, out member);

        member = default;
        return false;
    }

    public void WriteTo(Utf8JsonWriter writer) => ValueJson.Write(writer, this);

    /// <summary>As JSON, cut to <paramref name="maxLength"/> characters with an ellipsis: for messages.</summary>
    public string Show(int maxLength) => ValueJson.Show(this, maxLength);

    public bool Equals(Value other)
    {
        if (kind != other.kind)
            return IsNumber && other.IsNumber && NumberOrder.Compare(this, other) == 0;

        return kind switch
        {
            ValueKind.Null => true,
            ValueKind.Double => AsDouble().Equals(other.AsDouble()) || AsDouble() == other.AsDouble(),
            ValueKind.String => (string)reference! == (string)other.reference!,
            ValueKind.List => Items.Equals(other.Items),
            ValueKind.Map => Members.Equals(other.Members),
            _ => bits == other.bits,
        };
    }

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => kind switch
    {
        ValueKind.Null => 0,
        ValueKind.Double when NumberOrder.IsWhole(AsDouble(), out var whole) => HashCode.Combine(whole),
        ValueKind.String => ((string)reference!).GetHashCode(StringComparison.Ordinal),
        ValueKind.List => Items.GetHashCode(),
        ValueKind.Map => Members.GetHashCode(),
        _ => HashCode.Combine(bits),
    };

    /// <summary>As JSON: for whoever reads a failed test.</summary>
    public override string ToString() => Show(200);

    public static bool operator ==(Value left, Value right) => left.Equals(right);

    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    InvalidOperationException Not(ValueKind wanted) => new($"The value is {KindNames.Of(kind)}, not {KindNames.Of(wanted)}.");
}
