using System.Text.RegularExpressions;

namespace Attune.Server.Storage;

/// <summary>One statement of a script and the line of the file it starts on.</summary>
sealed record SqlStatement(string Text, int Line);

/// <summary>
/// Splits a script where psql would, so that an error can name its line. Knows strings, quoted names, dollar quotes,
/// nested comments and SQL-standard function bodies (https://www.postgresql.org/docs/current/sql-syntax-lexical.html).
/// </summary>
static partial class SqlScript
{
    public static IReadOnlyList<SqlStatement> Split(string script)
    {
        var statements = new List<SqlStatement>();
        var (start, line, position, depth) = (-1, 1, 0, 0);
        var previousWord = "";
        while (position < script.Length)
        {
            var token = Token().Match(script, position);
            var text = token.Value;
            var isBlank = token.Groups["blank"].Success;
            if (!isBlank && start < 0)
                (start, line) = (position, 1 + script.AsSpan(0, position).Count('\n'));

            position += text.Length;
            if (token.Groups["word"].Success)
            {
                depth = Math.Max(0, depth + Nesting(previousWord, text, depth));
                previousWord = text;
            }
            else if (text == ";" && depth == 0)
            {
                statements.Add(new(script[start..(position - 1)], line));
                (start, previousWord) = (-1, "");
            }
        }

        if (start >= 0)
            statements.Add(new(script[start..].TrimEnd(), line));
        return statements.FindAll(each => each.Text.Length > 0);
    }

    /// <summary>Inside `begin atomic … end` a semicolon does not end the statement.</summary>
    static int Nesting(string previousWord, string word, int depth) => word.ToLowerInvariant() switch
    {
        "atomic" when previousWord.Equals("begin", StringComparison.OrdinalIgnoreCase) => 1,
        "case" when depth > 0 => 1,
        "end" when depth > 0 => -1,
        _ => 0,
    };

    // The last alternative takes any one character, so there is always a match where the last one ended.
    [GeneratedRegex(
        """
        \G(?:
          (?<blank> \s+ | --[^\n]* | /\*(?> [^*/] | \*(?!/) | /(?!\*) | (?<open>/\*) | (?<-open>\*/) )*(?(open)(?!))\*/ )
          | (?<string> [eE]'(?: \\. | '' | [^'\\] )*' | '(?: '' | [^'] )*' | "(?: "" | [^"] )*" )
          | (?<dollar> \$(?<tag>(?:[A-Za-z_\x80-\uffff][A-Za-z0-9_\x80-\uffff]*)?)\$.*?\$\k<tag>\$ )
          | (?<word> [A-Za-z_\x80-\uffff][A-Za-z0-9_$\x80-\uffff]* )
          | . )
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
