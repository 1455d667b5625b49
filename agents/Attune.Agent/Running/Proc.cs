using System.Globalization;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>One line of /proc/[pid]/stat (proc(5)). <paramref name="Start"/> is in clock ticks since boot: with the id it names a process for good.</summary>
readonly record struct ProcessStat(int Id, char State, int Parent, int Group, int Session, long Start)
{
    public bool IsZombie => State is 'Z' or 'X';
}

static class Proc
{
    public static string BootId { get; } = ReadLine("/proc/sys/kernel/random/boot_id") ?? "";

    public static IEnumerable<int> Ids()
        => Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, null, out var id) ? id : 0)
            .Where(id => id > 0);

    /// <returns>Null when there is no such process (any more).</returns>
    public static ProcessStat? Stat(int id)
    {
        // The name in parentheses may itself hold spaces and parentheses, so everything is counted from the last one.
        if (ReadLine($"/proc/{id}/stat") is not { } line || line.LastIndexOf(')') is not (> 0 and var end))
        {
            return null;
        }

        var fields = line[(end + 2)..].Split(' ');
        return new ProcessStat(id, fields[0][0], Number(fields[1]), Number(fields[2]), Number(fields[3]), long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <returns>The value of a variable in the environment the process was started with; null when it is not there or not to be read.</returns>
    public static string? Variable(int id, string name)
    {
        try
        {
            var text = Encoding.Latin1.GetString(File.ReadAllBytes($"/proc/{id}/environ"));
            var start = text.StartsWith(name + '=', StringComparison.Ordinal) ? 0 : text.IndexOf($"\0{name}=", StringComparison.Ordinal) + 1;
            if (start == 0 && !text.StartsWith(name + '=', StringComparison.Ordinal))
            {
                return null;
            }

            start += name.Length + 1;
            var end = text.IndexOf('\0', start);
            return end < 0 ? text[start..] : text[start..end];
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    static string? ReadLine(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\n');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // ESRCH while reading is an IOException too.
            return null;
        }
    }
}
