using System.Text;
using System.Text.RegularExpressions;
using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static partial class PatternFunctions
{
    // A regular expression looks far harder at each character than a comparison does.
    const int WeightPerCharacter = 2;

    public static IReadOnlyList<Function> All { get; } =
    [
        new("match", [Text("text"), Pattern()],
            "Whether the pattern matches anywhere in the text; `^` and `$` tie it to the ends.",
            IsMatch)
            {
                Examples =
                [
                    ("match('web-01', '^web-[0-9]+$')", "true"),
                    ("'abc' | match('B')", "false"),
                    ("match('abc', '(?i)B')", "true"),
                ],
            },
        new("regex_find", [Text("text"), Pattern()],
            "The first match as a list: the whole of it, then each group, null where a group took no part; null where "
            + "nothing matches.",
            Find)
            {
                Examples =
                [
                    ("regex_find('v1.25', 'v([0-9]+)[.]([0-9]+)')", "[\"v1.25\",\"1\",\"25\"]"),
                    ("regex_find('x', 'y')", "null"),
                ],
            },
        new("regex_replace", [Text("text"), Pattern(), Text("replacement")],
            "Every match replaced; in the replacement `$1` is the first group, `${name}` a named one, `$0` the whole match "
            + "and `$$` a dollar sign.",
            Replace)
            {
                Examples =
                [
                    ("regex_replace('2026-11-22', '([0-9]+)-([0-9]+)-([0-9]+)', '$3.$2.$1')", "\"22.11.2026\""),
                ],
            },
    ];

    static Value IsMatch(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, (long)call.Text(0).Length * WeightPerCharacter);
        return Value.Of(Patterns.IsMatch(ref evaluation, call.PositionOf(1), call.Pattern(ref evaluation, 1), call.Text(0)));
    }

    static Value Find(ref Evaluation evaluation, Call call)
    {
        var match = Next(ref evaluation, call, 0);
        if (!match.Success)
            return Value.Null;

        var groups = new Value[match.Groups.Count];
        for (var index = 0; index < groups.Length; index++)
        {
            var group = match.Groups[index];
            groups[index] = group.Success ? evaluation.Made(call.Position, Characters.Sound(group.Value)) : Value.Null;
        }

        return evaluation.Made(call.Position, groups);
    }

    static Value Replace(ref Evaluation evaluation, Call call)
    {
        var (text, replacement) = (call.Text(0), call.Text(2));
        if (AroundMatch().IsMatch(replacement.Replace("$$", "", StringComparison.Ordinal)))
        {
            throw evaluation.Fail(
                call.PositionOf(2), "The text around a match cannot be in its replacement: there are `$1`, `${name}`, `$0` and `$$`.");
        }

        var references = replacement.Count(character => character is '$');
        var result = new StringBuilder();
        var copied = 0;
        var match = Next(ref evaluation, call, 0);
        while (match.Success)
        {
            evaluation.Charge(call.Position, match.Index - copied + replacement.Length + ((long)references * match.Length));
            result.Append(text, copied, match.Index - copied).Append(Replacement(evaluation, call, match));
            copied = match.Index + match.Length;
            match = Next(ref evaluation, call, copied, match.Length == 0);
        }

        result.Append(text, copied, text.Length - copied);
        return evaluation.Made(call.Position, Characters.Sound(result.ToString()));
    }

    static string Replacement(in Evaluation evaluation, Call call, Match match)
    {
        try
        {
            return match.Result(call.Text(2));
        }
        catch (RegexParseException)
        {
            throw evaluation.Fail(call.PositionOf(2), "The replacement names a group by a number that is too large.");
        }
    }

    [GeneratedRegex(@"\$[_`']")]
    private static partial Regex AroundMatch();

    // From there on; behind an empty match one character further, or it would be found forever.
    static Match Next(ref Evaluation evaluation, Call call, int start, bool wasEmpty = false)
    {
        var text = call.Text(0);
        evaluation.Step(call.Position);
        var pattern = call.Pattern(ref evaluation, 1);
        if (start == 0 && !wasEmpty)
            evaluation.Work(call.Position, (long)text.Length * WeightPerCharacter);
        return wasEmpty && start >= text.Length
            ? Match.Empty
            : Patterns.Match(ref evaluation, call.PositionOf(1), pattern, text, wasEmpty ? start + 1 : start);
    }
}
