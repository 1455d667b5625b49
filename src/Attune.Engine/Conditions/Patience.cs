namespace Attune.Engine.Conditions;

/// <summary>
/// How long all rules of one event may take together. Time counts from the first question on, which expressions and patterns ask and plain
/// comparisons do not. For one event on one thread.
/// </summary>
/// <param name="max">What is not begun by then is not begun any more.</param>
public sealed class Patience(TimeProvider clock, TimeSpan max)
{
    long? began;
    bool isOver;

    public TimeSpan Max => max;

    /// <summary>Once true, always true.</summary>
    public bool IsOver()
    {
        if (began is { } since)
            return isOver = isOver || clock.GetElapsedTime(since) > max;

        began = clock.GetTimestamp();
        return false;
    }
}
