using System.Globalization;
using Attune.Server.Executions;

namespace Attune.Server.Workflows;

/// <summary>
/// A place in the log of a workflow: how far each of its tasks that is not read to its end has been read, and up to which child each of
/// its workflows is known. What ended and was read is not in it, so it stays small.
/// </summary>
/// <param name="Tasks">By execution.</param>
/// <param name="Workflows">By execution: the last child that was seen; ids of one workflow's children only grow.</param>
sealed record WorkflowLogCursor(SortedDictionary<long, LogCursor> Tasks, SortedDictionary<long, long> Workflows)
{
    const int LengthMax = 1 << 20;

    /// <summary>`w10.15,12.1.5`. The empty text is the beginning.</summary>
    public static bool TryParse(long workflow, string text, out WorkflowLogCursor cursor)
    {
        cursor = new([], []);
        if (text is "")
        {
            cursor.Workflows[workflow] = 0;
            return true;
        }

        return text.Length <= LengthMax && Array.TrueForAll(text.Split(','), cursor.TryAdd);
    }

    public override string ToString()
        => string.Join(',', Workflows.Select(each => $"w{each.Key}.{each.Value}").Concat(Tasks.Select(each => $"{each.Key}.{each.Value}")));

    bool TryAdd(string part)
    {
        var numbers = new List<long>(3);
        foreach (var number in part.TrimStart('w').Split('.'))
        {
            if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                return false;
            numbers.Add(value);
        }

        if (part[0] is 'w')
            return numbers.Count == 2 && Workflows.TryAdd(numbers[0], numbers[1]);
        return numbers.Count == 3 && numbers[1] <= int.MaxValue && Tasks.TryAdd(numbers[0], new((int)numbers[1], numbers[2]));
    }
}
