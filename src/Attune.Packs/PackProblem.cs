namespace Attune.Packs;

/// <summary>
/// A mistake in a pack's files. <paramref name="File"/> is relative to the pack's root; <paramref name="Line"/> is 1-based and 0 where
/// the file as a whole is meant; <paramref name="Field"/> is a dotted path, empty where no field is meant.
/// </summary>
public sealed record PackProblem(string File, int Line, string Field, string Message)
{
    /// <summary>`actions/a.yaml:3 retry.delay: is not known.`: as compilers say it, so that editors can jump there.</summary>
    public override string ToString() => $"{Place}: {Message}";

    /// <summary>`file:line field`, without what is not set.</summary>
    public string Place => File + (Line > 0 ? $":{Line}" : "") + (Field is "" ? "" : $" {Field}");
}
