namespace Attune.Engine.Expressions;

/// <summary>
/// A mistake in an expression. <paramref name="Position"/> counts characters from 0; -1 where no character is to blame. The message names
/// kinds and names but never a value: values may be secret.
/// </summary>
public sealed record ExpressionProblem(string Text, int Position, string Message)
{
    const int WindowMax = 100;

    /// <summary>The message with the line and a caret below the character.</summary>
    public string Pointed
    {
        get
        {
            if (Position < 0)
                return Message;

            var at = Math.Min(Position, Text.Length);
            var start = at == 0 ? 0 : Text.LastIndexOf('\n', at - 1) + 1;
            var end = Text.IndexOf('\n', at);
            var line = Text[start..(end < 0 ? Text.Length : end)].TrimEnd('\r');
            var column = Math.Min(at - start, line.Length);

            // Of a long line only what is around the character.
            var from = line.Length <= WindowMax ? 0 : Math.Clamp(column - (WindowMax / 2), 0, line.Length - WindowMax);
            var (before, after) = (from > 0 ? "…" : "", line.Length - from > WindowMax ? "…" : "");
            var shown = line.Substring(from, Math.Min(WindowMax, line.Length)).Replace('\t', ' ');
            return $"{Message}\n  {before}{shown}{after}\n  {new string(' ', column - from + before.Length)}^";
        }
    }
}

public sealed class ExpressionException(ExpressionProblem problem) : Exception(problem.Message)
{
    public ExpressionProblem Problem => problem;

    /// <summary>A name, member or item is not there: what default() and coalesce() forgive.</summary>
    internal bool IsMissing { get; init; }
}
