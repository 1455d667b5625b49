using System.Diagnostics.CodeAnalysis;

namespace Attune.Engine.Schemas;

/// <summary>
/// One mistake and how to put it right. <paramref name="Path"/> is relative to the value that was checked: `port`, `auth.user`,
/// `nodes[3].name`, empty for the value itself. <paramref name="Message"/> never repeats a string value, which may be a secret.
/// </summary>
public sealed record SchemaProblem(string Path, string Message)
{
    /// <summary>The path below a root, as callers report it: `parameters` and `port` make `parameters.port`.</summary>
    public string PathUnder(string root) => Path switch
    {
        "" => root,
        ['[', ..] => root + Path,
        _ => $"{root}.{Path}",
    };

    public override string ToString() => Path is "" ? Message : $"{Path}: {Message}";
}

/// <summary>What validating a value came to.</summary>
public readonly record struct SchemaOutcome
{
    /// <summary>The value with defaults applied, as UTF-8 JSON; the input itself where nothing had to change. Empty when invalid.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Every mistake (at most <see cref="Schema.MaxProblems"/>), in the order of the value.</summary>
    public IReadOnlyList<SchemaProblem> Problems
    {
        get => field ?? [];
        init;
    }

    public bool IsValid => Problems.Count == 0;
}

/// <summary>What reading a schema came to: the schema, or every mistake in it.</summary>
public sealed record SchemaReading(Schema? Schema, IReadOnlyList<SchemaProblem> Problems)
{
    [MemberNotNullWhen(true, nameof(Schema))]
    public bool IsValid => Schema is not null;
}
