namespace Attune.Engine.Expressions;

/// <summary>How tightly something binds, weakest first.</summary>
enum Precedence
{
    Conditional,
    Or,
    And,
    Not,
    Comparison,
    Additive,
    Multiplicative,
    Unary,
    Postfix,
}
