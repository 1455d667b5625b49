namespace Attune.Engine.Expressions;

/// <summary>What the kinds are called: by type_of() and in messages.</summary>
static class KindNames
{
    public static string Bare(ValueKind kind) => kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => "bool",
        ValueKind.Int => "int",
        ValueKind.Double => "double",
        ValueKind.String => "string",
        ValueKind.List => "list",
        _ => "map",
    };

    public static string Of(ValueKind kind) => kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Int => "an int",
        _ => $"a {Bare(kind)}",
    };
}
