using System.Globalization;
using System.Text;

namespace Attune.Engine.Expressions;

/// <summary>Reads words one by one. Embedded in a template, the expression ends at the `}}` that closes no brace of its own.</summary>
struct Lexer
{
    // Longest first.
    static readonly string[] Symbols =
    [
        "==", "!=", "<=", ">=", "//", "=>", "<", ">", "+", "-", "~", "*", "/", "%", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}",
    ];

    readonly string text;
    readonly int beginning;
    readonly bool isEmbedded;
    int next;
    int braces;

    /// <param name="start">Of the expression: behind the `{{` of an embedded one.</param>
    public Lexer(string text, int start, bool isEmbedded)
        => (this.text, beginning, next, this.isEmbedded) = (text, start, start, isEmbedded);

    public static bool IsName(string text)
    {
        if (text.Length == 0 || !IsNameStart(text[0]))
            return false;

        foreach (var character in text)
        {
            if (!IsNamePart(character))
                return false;
        }

        return true;
    }

    public Token Next()
    {
        while (next < text.Length && text[next] is ' ' or '\t' or '\n' or '\r')
            next++;
        if (next - beginning > ExpressionLimits.TextMax)
            throw Fail(-1, $"The expression is longer than {ExpressionLimits.TextMax} characters.");
        if (next >= text.Length)
            return isEmbedded ? throw Fail(beginning - 2, "The expression has no `}}` at its end.") : new(TokenKind.End, "", next, next);

        var character = text[next];
        if (isEmbedded && braces == 0 && text.AsSpan(next).StartsWith("}}"))
            return new(TokenKind.End, "", next, next + 2);
        if (IsNameStart(character))
            return Name();
        if (char.IsAsciiDigit(character))
            return Number();
        return character is '\'' or '"' ? String(character) : Symbol();
    }

    static bool IsNameStart(char character) => char.IsAsciiLetter(character) || character is '_';

    static bool IsNamePart(char character) => char.IsAsciiLetterOrDigit(character) || character is '_';

    Token Name()
    {
        var from = next;
        while (next < text.Length && IsNamePart(text[next]))
            next++;
        return Made(TokenKind.Name, text[from..next], from);
    }

    Token Number()
    {
        var from = next;
        Digits();
        if (next + 1 < text.Length && text[next] is '.' && char.IsAsciiDigit(text[next + 1]))
        {
            next++;
            Digits();
        }

        if (next < text.Length && text[next] is 'e' or 'E')
        {
            next++;
            if (next < text.Length && text[next] is '+' or '-')
                next++;
            Digits();
        }

        if (next < text.Length && IsNamePart(text[next]) || !char.IsAsciiDigit(text[next - 1]))
            throw Fail(from, "This is no number, and no name begins with a digit.");
        return Made(TokenKind.Number, text[from..next], from);
    }

    void Digits()
    {
        while (next < text.Length && char.IsAsciiDigit(text[next]))
            next++;
    }

    Token String(char quote)
    {
        var from = next++;
        var content = new StringBuilder();
        while (true)
        {
            if (next >= text.Length)
                throw Fail(from, $"The string has no {quote} at its end.");

            var character = text[next++];
            if (character == quote)
                break;
            content.Append(character is '\\' ? Escaped() : character);
        }

        var value = content.ToString();
        if (Characters.Sound(value) != value)
            throw Fail(from, "The string holds half a surrogate pair.");
        return Made(TokenKind.String, value, from);
    }

    char Escaped()
    {
        var position = next - 1;
        var letter = next < text.Length ? text[next++] : '\0';
        switch (letter)
        {
            case '\\' or '\'' or '"' or '/':
                return letter;
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'u' when next + 4 <= text.Length
                && ushort.TryParse(text.AsSpan(next, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit):
                next += 4;
                return (char)unit;
            default:
                throw Fail(position, @"No such escape: there are \\ \' \"" \n \r \t \b \f and \u with four hexadecimal digits.");
        }
    }

    Token Symbol()
    {
        var from = next;
        foreach (var symbol in Symbols)
        {
            if (!text.AsSpan(next).StartsWith(symbol, StringComparison.Ordinal))
                continue;

            braces += symbol is "{" ? 1 : symbol is "}" ? -1 : 0;
            next += symbol.Length;
            if (symbol is "|" && next < text.Length && text[next] is '|')
                throw Fail(from, "`||` is written `or`.");
            return Made(TokenKind.Symbol, symbol, from);
        }

        throw Fail(from, text[from] switch
        {
            '=' => "`=` changes nothing here: write `==` to compare.",
            '&' => "`&` is written `and`.",
            '!' => "`!` is written `not`.",
            '?' => "`?` is written `a if condition else b`.",
            '^' => "There is no operator `^`.",
            '$' => "Names have no `$` here.",
            _ => "This character means nothing here; a name with it is asked for by ['…'].",
        });
    }

    readonly Token Made(TokenKind kind, string content, int from) => new(kind, content, from, next);

    readonly ExpressionException Fail(int position, string message) => new(new(text, position, message));
}
