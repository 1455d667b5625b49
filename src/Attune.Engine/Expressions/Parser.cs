using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Expressions;

/// <summary>Texts to trees, by recursive descent. What binds how tightly is in <see cref="Precedence"/>.</summary>
sealed partial class Parser
{
    // One level of the tree can take two of the text, and parentheses leave none in the tree.
    static readonly int TextDepthMax = (2 * ExpressionLimits.Default.Depth) + 50;

    readonly string text;
    readonly List<string> parameters = [];
    Lexer lexer;
    Token token;
    Token following;
    int depth;
    int localCount;

    public Parser(string text, int start, bool isEmbedded)
    {
        this.text = text;
        lexer = new(text, start, isEmbedded);
        token = lexer.Next();
        following = token.Kind is TokenKind.End ? token : lexer.Next();
    }

    /// <summary>Behind the expression, and behind its `}}` where it is embedded.</summary>
    public int End => token.End;

    public Expression Whole()
    {
        if (token.Kind is TokenKind.End)
            throw Fail(token.Position, "There is no expression here.");

        var root = Expression();
        if (token.Kind is not TokenKind.End)
            throw Unexpected();
        return new(text, root, localCount);
    }

    Node Expression()
    {
        if (++depth > TextDepthMax)
            throw TooDeep(token.Position);

        var value = Binary(Precedence.Or);
        if (token.IsWord("if"))
        {
            var position = Take().Position;
            var condition = Binary(Precedence.Or);
            if (!token.IsWord("else"))
                throw Fail(token.Position, $"`a if condition` needs `else b` here, not {token.Shown}.");
            Take();
            value = Made(new ConditionalNode(position, value, condition, Expression()));
        }

        depth--;
        return value;
    }

    Node Binary(Precedence least)
    {
        var left = token.IsWord("not") ? Not(least) : Unary();
        while (Operator() is var (precedence, isOperator) && isOperator && precedence >= least)
        {
            left = precedence switch
            {
                Precedence.Or or Precedence.And => Logic(left, precedence),
                Precedence.Comparison => Comparison(left),
                _ => token.IsSymbol("~") ? Concat(left) : Arithmetic(left, precedence),
            };
        }

        return left;
    }

    (Precedence Precedence, bool IsOperator) Operator() => (token.Kind, token.Text) switch
    {
        (TokenKind.Name, "or") => (Precedence.Or, true),
        (TokenKind.Name, "and") => (Precedence.And, true),
        (TokenKind.Name, "in") => (Precedence.Comparison, true),
        (TokenKind.Name, "not") => (Precedence.Comparison, following.IsWord("in")),
        (TokenKind.Symbol, "==" or "!=" or "<" or "<=" or ">" or ">=") => (Precedence.Comparison, true),
        (TokenKind.Symbol, "+" or "-" or "~") => (Precedence.Additive, true),
        (TokenKind.Symbol, "*" or "/" or "//" or "%") => (Precedence.Multiplicative, true),
        _ => default,
    };

    NotNode Not(Precedence least)
    {
        var position = Take().Position;
        if (least > Precedence.Not)
            throw Fail(position, "`not` needs parentheses here: it binds weaker than the operator before it.");
        if (++depth > TextDepthMax)
            throw TooDeep(position);

        var node = Made(new NotNode(position, Binary(Precedence.Not)));
        depth--;
        return node;
    }

    LogicNode Logic(Node first, Precedence precedence)
    {
        var (position, word) = (token.Position, token.Text);
        var operands = new List<Node> { first };
        while (token.IsWord(word))
        {
            Take();
            operands.Add(Binary(precedence + 1));
        }

        return Made(new LogicNode(position, precedence is Precedence.Or, operands));
    }

    ConcatNode Concat(Node first)
    {
        var position = token.Position;
        var operands = new List<Node> { first };
        while (token.IsSymbol("~"))
        {
            Take();
            operands.Add(Binary(Precedence.Multiplicative));
        }

        return Made(new ConcatNode(position, operands));
    }

    ArithmeticNode Arithmetic(Node left, Precedence precedence)
    {
        var symbol = Take();
        var operation = symbol.Text switch
        {
            "+" => ArithmeticOperator.Add,
            "-" => ArithmeticOperator.Subtract,
            "*" => ArithmeticOperator.Multiply,
            "/" => ArithmeticOperator.Divide,
            "//" => ArithmeticOperator.FloorDivide,
            _ => ArithmeticOperator.Remainder,
        };
        return Made(new ArithmeticNode(symbol.Position, operation, left, Binary(precedence + 1)));
    }

    ComparisonNode Comparison(Node left)
    {
        var symbol = Take();
        var operation = symbol.Text switch
        {
            "==" => ComparisonOperator.Equal,
            "!=" => ComparisonOperator.NotEqual,
            "<" => ComparisonOperator.Less,
            "<=" => ComparisonOperator.LessOrEqual,
            ">" => ComparisonOperator.Greater,
            ">=" => ComparisonOperator.GreaterOrEqual,
            "in" => ComparisonOperator.In,
            _ => ComparisonOperator.NotIn,
        };
        if (operation is ComparisonOperator.NotIn)
            Take();

        var node = Made(new ComparisonNode(symbol.Position, operation, left, Binary(Precedence.Additive)));
        if (Operator() is (Precedence.Comparison, true))
            throw Fail(token.Position, "Comparisons do not chain: write `a < b and b < c`.");
        return node;
    }

    Node Unary()
    {
        if (!token.IsSymbol("-"))
            return Postfix();
        if (++depth > TextDepthMax)
            throw TooDeep(token.Position);

        var position = Take().Position;
        var isNumber = token.Kind is TokenKind.Number;
        var isSmallest = token is { Kind: TokenKind.Number, Text: "9223372036854775808" } && !IsPostfix(following);
        var operand = isSmallest ? Smallest(position) : Unary();
        depth--;
        if (isSmallest)
            return operand;

        return isNumber && operand is ConstantNode { Value: var number }
            ? new ConstantNode(position, number.Kind is ValueKind.Int ? Value.Of(-number.AsInt()) : Value.Of(-number.AsDouble()))
            : Made(new NegateNode(position, operand));
    }

    // Its digits alone are one too many for 64 bits.
    ConstantNode Smallest(int position)
    {
        Take();
        return new(position, Value.Of(long.MinValue));
    }

    static bool IsPostfix(Token token) => token.Kind is TokenKind.Symbol && token.Text is "." or "[" or "|";

    T Made<T>(T node)
        where T : Node
        => node.Depth <= ExpressionLimits.Default.Depth ? node : throw TooDeep(node.Position);

    Token Take()
    {
        var taken = token;
        token = following;
        if (token.Kind is not TokenKind.End)
            following = lexer.Next();
        return taken;
    }

    Token Expect(string symbol, string after)
    {
        if (token.IsSymbol(symbol))
            return Take();

        throw token.Kind is TokenKind.End
            ? Fail(token.Position, $"`{symbol}` is missing {after}.")
            : Fail(token.Position, $"Expected `{symbol}` {after}, not {token.Shown}.{Hint()}");
    }

    ExpressionException Unexpected() => Fail(token.Position, token.Kind switch
    {
        TokenKind.End => "The expression ends too early: a value is missing.",
        _ => $"Unexpected {token.Shown}.{Hint()}",
    });

    string Hint() => (token.Kind, token.Text) switch
    {
        (TokenKind.Symbol, "=>") => " `item => …` is only for arguments of functions such as map() and filter().",
        (TokenKind.Symbol, "(") => " Only functions are called, by their bare name.",
        (TokenKind.Name, var word) when Reserved.Contains(word.ToLowerInvariant()) && !Reserved.Contains(word)
            => $" It is written `{word.ToLowerInvariant()}`.",
        (TokenKind.Name, var word) when Functions.FunctionGroup.Find(word) is { } function => $" It is a function: {function.Signature}.",
        (TokenKind.Name or TokenKind.Number or TokenKind.String, _) => " An operator is missing before it.",
        _ => "",
    };

    ExpressionException TooDeep(int position)
        => Fail(position, $"The expression is nested deeper than {ExpressionLimits.Default.Depth} levels.");

    ExpressionException Fail(int position, string message) => new(new(text, position, message));
}
