using System.Globalization;

namespace Attune.Benchmarks.Profiling;

/// <summary>Processor time of one process, in seconds, from `/proc/PID/stat` (proc(5)).</summary>
/// <param name="EndedChildren">That of the children it has waited for, and of theirs.</param>
readonly record struct ProcessTimes(int Id, int ParentId, double User, double System, double EndedChildren)
{
    // USER_HZ: what the kernel counts in towards user space, on every architecture that .NET runs on.
    const double TicksPerSecond = 100;

    public double Own => User + System;

    public double Total => Own + EndedChildren;

    /// <summary>Null for a process that is gone.</summary>
    public static ProcessTimes? Read(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            // The name of the program, in parentheses, may hold anything; state, the third field, follows it.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new(id, int.Parse(fields[1], CultureInfo.InvariantCulture), Seconds(11), Seconds(12), Seconds(13) + Seconds(14));

            double Seconds(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture) / TicksPerSecond;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static IEnumerable<ProcessTimes> ReadChildren(int parent)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id)
                && Read(id) is { } times && times.ParentId == parent)
                yield return times;
        }
    }
}
