namespace Attune.Engine.Expressions;

enum TokenKind
{
    End,
    Name,
    Number,
    String,
    Symbol,
}

/// <summary>A word of an expression.</summary>
/// <param name="Text">A symbol or name as written, a number's digits, what a string stands for.</param>
readonly record struct Token(TokenKind Kind, string Text, int Position, int End)
{
    public bool IsSymbol(string symbol) => Kind is TokenKind.Symbol && Text == symbol;

    public bool IsWord(string word) => Kind is TokenKind.Name && Text == word;

    /// <summary>For messages: what stands here.</summary>
    public string Shown => Kind switch
    {
        TokenKind.End => "the end",
        TokenKind.String => "a string",
        _ => $"`{(Text.Length <= 40 ? Text : ValueJson.Cut(Text, 40) + "…")}`",
    };
}
