using System.Text;
using Attune.Engine.Expressions;
using Attune.Engine.Expressions.Functions;

namespace Attune.Engine.Tests.Expressions;

/// <summary>docs/expressions.md, from the table of functions that the evaluator itself uses.</summary>
static class ReferencePage
{
    public static string Path { get; } = System.IO.Path.Combine(Repository.Root, "docs", "expressions.md");

    public static string Write()
    {
        var page = new StringBuilder(Introduction);
        foreach (var group in FunctionGroup.All)
        {
            page.Append("### ").Append(group.Title).Append("\n\n");
            foreach (var function in group.Functions)
                Write(page, function);
        }

        return page.ToString().TrimEnd() + '\n';
    }

    static void Write(StringBuilder page, Function function)
    {
        page.Append("**`").Append(function.Signature).Append("`** ").Append(function.Doc).Append('\n');
        if (function.Examples.Length > 0)
        {
            page.Append("```\n");
            foreach (var (expression, json) in function.Examples)
                page.Append(expression).Append("  →  ").Append(json).Append('\n');
            page.Append("```\n");
        }

        page.Append('\n');
    }

    static readonly string Introduction = $$$"""
        # Expressions

        One language in rules, workflows and templates. This page is written from the code by a test of Attune.Engine and compared with it; every
        example below is run. `ATTUNE_SNAPSHOT=write ./dev test Engine` rewrites it.

        ## Where they stand

        A text of a template may hold expressions between `{{` and `}}`:

        | Template | Result |
        |---|---|
        | `"{{ event.payload.size }}"` | `3`: a text that is exactly one expression keeps the type of its value |
        | `"size {{ event.payload.size }}"` | `"size 3"`: strings are put into the text as they are, everything else as JSON |
        | `"{{ '{{' }}"` | `"{{"`: so two braces are written literally; a single `{` or `}` and a lonely `}}` need nothing |

        White space around a lonely expression makes it a text. null cannot be put into a text: say what shall stand there, as in
        `{{ coalesce(event.payload.user, 'nobody') }}`. Names of members are never rendered. In conditions and in `when` the expression
        stands without braces.

        In rules these names are known: `event` (`trigger`, `payload`, `created`, `origin`, `source`, `key`), `rule` (`ref`, `pack`) and
        `pack.config`, the configuration of the rule's pack. In workflows also those of its context, `result` and `task`.

        ## Values

        null, bool, int (64 bits), double, string, list, map. What JSON writes without point and exponent is an int.

        - Literals: `null`, `true`, `false`, `42`, `1.5`, `2e-3`, `'text'`, `"text"`, `[1, 'a']`, `{name: 1, 'other name': 2}`.
        - Escapes in both kinds of quotes: `\\ \' \" \/ \n \r \t \b \f \u00e9`.
        - Names in a map are literal, bare or in quotes. Names are ASCII letters, digits and `_`; others are asked for by `x['content-type']`.

        ## Operators

        From those that bind weakest to those that bind tightest. Operators of one line are read from the left.

        | Operators | Meaning |
        |---|---|
        | `a if c else b` | only the one that `c` asks for is evaluated |
        | `a or b` | true or false; the second is evaluated only if it matters |
        | `a and b` | the same |
        | `not a` | |
        | `== != < <= > >= in` `not in` | one between two operands: `a < b < c` is a mistake, `a < b and b < c` is not |
        | `+ - ~` | `+` also joins two lists; `~` joins strings, numbers and bools to one string |
        | `* / % //` | `/` always gives a double, `//` rounds down |
        | `-a` | |
        | `.name` `[i]` `[a:b]` `f(…)` <code>x &#124; f(…)</code> | members, items, parts, calls, filters |

        A filter is the function with the value before it as its first argument: `'a,b' | split(',')` is `split('a,b', ',')`, and without further
        arguments the parentheses may be left out. It binds as tightly as `.name` does: `a + b | abs` is `a + abs(b)`, `-x | abs` is `-(abs(x))`, and
        `(a + b) | abs` is what it says.

        ## No silent conversion

        - `and`, `or`, `not` and `if` take true and false, nothing else: write `length(x) > 0`, `x != ''`, `x != null`.
        - `==` compares anything: values of different kinds are not equal, but `1 == 1.0`. The order of a map's members does not matter.
        - `< <= > >=` compare two numbers or two strings; strings by their UTF-16 code units, so `'B' < 'a'`.
        - `x in y`: an equal item of a list, a name of a map, a part of a string.
        - An int that does not fit 64 bits is a mistake, as are a division by zero and a double that would be infinite.
        - `a // b` rounds towards minus infinity and `a % b` has the sign of `b`: `-7 // 2` is -4 and `-7 % 2` is 1. `/` gives a double: `4 / 2` is 2.0,
          which JSON writes as 2.
        - `x[-1]` is the last item or character; an item that is not there is a mistake. `x[1:3]` is cut to what is there.
        - Characters are whole Unicode characters: `length('😀')` is 1.

        ## What is missing

        A name, member or item that is not there is a mistake that names it and the nearest name there is. `default(x, y)` gives `y` where something
        in `x` is missing, `coalesce(x, y, …)` the first that is neither missing nor null. Both forgive only what is missing: `default(1 + 'a', 2)` is
        still a mistake. null has no members: `default(event.payload.user.name, 'nobody')` gives `'nobody'` also where `user` is null.

        ## Each item

        Functions that look at each item take the name of a member, `map(files, 'name')`, or a lambda, `filter(files, f => f.size > 3)`. A lambda may use
        every name around it, and stands nowhere but in such an argument.

        ## Dates

        Dates are RFC 3339 strings: `2026-11-22T08:30:00Z`, `2026-11-22T09:30:00+01:00`; what has no offset is UTC. Zones are IANA's:
        `Europe/Berlin`. Compare instants by `date_diff(a, b) > 0`: as strings, only dates of the same offset have the right order. A local time that the clock
        skips is moved on by what it skips; of one that comes twice the first is meant. Formats are those of .NET:
        `yyyy MM dd HH mm ss fff zzz`, `yy`, `M`, `d`, `H`, `h`, `tt`, `ddd`, `dddd`, `MMM`, `MMMM`; letters in quotes are literal. Names are English.

        ## Limits

        | What | At most |
        |---|---|
        | characters of one expression | {{{ExpressionLimits.TextMax}}} |
        | levels of nesting | {{{ExpressionLimits.Default.Depth}}} |
        | steps of one evaluation, or of all texts of a template together | {{{ExpressionLimits.Default.Steps}}} |
        | characters and items made by it | {{{ExpressionLimits.Default.Size}}} |
        | levels in from_json() and from_yaml() | {{{ValueJson.DepthMax}}} |
        | characters of a regular expression | {{{Patterns.LengthMax}}} |
        | time for all regular expressions of one evaluation | {{{Patterns.TimePerEvaluation.TotalSeconds}}} s, where those that need backtracking count ten times |

        A step is about one operator, name or item; a long text takes one for every few dozen characters. What exceeds a limit is a mistake,
        as anything else. Evaluating changes nothing and asks nobody: the same names and the same time give the same value.

        Messages name kinds and names, never values: values may be secret.

        ## Regular expressions

        Those of .NET, without regard to the language; `(?i)` at the beginning ignores case. They are matched without backtracking, so that no text makes
        them slow, except those with look-around, back references or atomic groups, which only the time limit stops. Texts of more than 1000
        characters are matched with backtracking too, for up to a second: .NET 10 overlooks matches in them otherwise.

        ## Functions

        A `?` marks what may be left out, `…` what may be repeated. The examples are evaluated at 2026-11-22T08:30:00Z.


        """;
}
