namespace Attune.Engine.Expressions;

/// <summary>A variable in an expression. <paramref name="Position"/> counts characters from 0.</summary>
public sealed record VariableUse(IReadOnlyList<string> Path, int Position)
{
    /// <summary>Guarded by default(), coalesce() or the like: it may be missing.</summary>
    public bool IsOptional { get; init; }

    /// <summary>`event.payload.host`; `event.headers['x-id']` where a name is no identifier.</summary>
    public override string ToString() => Printing.Path(Path);
}
