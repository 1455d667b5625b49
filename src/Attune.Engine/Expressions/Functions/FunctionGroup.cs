using System.Collections.Frozen;

namespace Attune.Engine.Expressions.Functions;

/// <summary>Functions that belong together, in the order of the reference page.</summary>
sealed record FunctionGroup(string Title, IReadOnlyList<Function> Functions)
{
    public static IReadOnlyList<FunctionGroup> All { get; } =
    [
        new("Kinds and missing values", KindFunctions.All),
        new("Numbers", NumberFunctions.All),
        new("Texts", TextFunctions.All),
        new("Regular expressions", PatternFunctions.All),
        new("Lists", ListFunctions.All),
        new("Each item of a list", ItemFunctions.All),
        new("Maps", MapFunctions.All),
        new("Encodings", EncodingFunctions.All),
        new("Dates", DateFunctions.All),
        new("Versions", VersionFunctions.All),
        new("Workflows", OutcomeFunctions.All),
    ];

    static readonly FrozenDictionary<string, Function> ByName
        = All.SelectMany(group => group.Functions).ToFrozenDictionary(function => function.Name);

    public static IEnumerable<string> Names => ByName.Keys;

    public static Function? Find(string name) => ByName.GetValueOrDefault(name);
}
