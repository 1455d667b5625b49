using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Packs;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Triggers;

/// <summary>What every part that is made by hand (a trigger, a rule) must keep to.</summary>
static class PartText
{
    const int LengthMax = 10_000;
    const int TagsMax = 100;

    /// <param name="reference">Its first part is the pack.</param>
    /// <param name="kind">`trigger` or `rule`.</param>
    public static Failure? CheckRef(string reference, string kind) => PackNames.IsInside(reference)
        ? null
        : Failure.Invalid("REF_INVALID", $"{kind}.ref", "is no ref; write `pack.name` in lower case with digits, `_` and `-`.");

    public static Failure? CheckMask(FieldMask? mask, IReadOnlyCollection<string> changeable)
    {
        if (mask is null || mask.Paths.Count == 0)
            return Failure.Invalid("UPDATE_MASK_INVALID", "update_mask", $"is empty. Name one or more of {string.Join(", ", changeable)}.");

        var odd = mask.Paths.Where(path => !changeable.Contains(path)).ToList();
        return odd.Count == 0
            ? null
            : Failure.Invalid(
                "UPDATE_MASK_INVALID", [.. odd.Select(path => new Violation("update_mask", $"'{path}' cannot be changed.{NearestName.Suggest(path, changeable)}"))]);
    }

    public static Failure Changed(string kind, string reference)
        => new(FailureKind.Stale, "UPDATED_CHANGED", $"The {kind} '{reference}' was changed since you read it. Read it again.");

    public static void Check(string field, string text, List<Violation> violations)
    {
        if (text.Length > LengthMax)
            violations.Add(new(field, $"is longer than {LengthMax} characters."));
        if (text.Contains('\0'))
            violations.Add(new(field, "holds a NUL character."));
    }

    public static void CheckTags(string field, IReadOnlyList<string> tags, List<Violation> violations)
    {
        if (tags.Count > TagsMax)
            violations.Add(new(field, $"has {tags.Count} tags; at most {TagsMax} are allowed."));
        for (var i = 0; i < Math.Min(tags.Count, TagsMax); i++)
        {
            if (tags[i].Length is 0 or > 128 || tags[i].Contains('\0'))
                violations.Add(new($"{field}[{i}]", "must have 1 to 128 characters and no NUL."));
        }
    }

    /// <summary>Texts and names that PostgreSQL's jsonb refuses: NUL and half a surrogate pair.</summary>
    public static IEnumerable<Violation> FindBadText(JsonElement json, string path)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String when !IsSound(json.GetString):
                yield return new(path, "must be Unicode text without NUL (\\u0000) and without half a surrogate pair.");
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in json.EnumerateArray())
                {
                    foreach (var found in FindBadText(item, $"{path}[{index++}]"))
                        yield return found;
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                {
                    if (!IsSound(() => member.Name))
                    {
                        yield return new(path, "holds a name that is not Unicode text without NUL (\\u0000).");
                        continue;
                    }

                    foreach (var found in FindBadText(member.Value, $"{path}.{member.Name}"))
                        yield return found;
                }

                break;
        }
    }

    // Half a surrogate pair shows itself only when the text is asked for.
    static bool IsSound(Func<string?> read)
    {
        try
        {
            return read() is { } text && !text.Contains('\0');
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
