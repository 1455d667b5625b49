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
    const int LineMax = 2048;

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

        Span<Range> fields = stackalloc Range[21];
        var rest = line.AsSpan(end + 2);
        _ = rest.Split(fields, ' ');
        return new ProcessStat(
            id, rest[fields[0]][0], Number(rest[fields[1]]), Number(rest[fields[2]]), Number(rest[fields[3]]), long.Parse(rest[fields[19]], CultureInfo.InvariantCulture));
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

    static int Number(ReadOnlySpan<char> text) => int.Parse(text, CultureInfo.InvariantCulture);

    // Three system calls: the framework's way takes three times as many, and every run reads one.
    static unsafe string? ReadLine(string path)
    {
        var file = LibC.Open(path, LibC.OCloexec, 0);
        if (file < 0)
        {
            return null;
        }

        var buffer = stackalloc byte[LineMax];
        var length = LibC.Read(file, buffer, LineMax);
        _ = LibC.Close(file);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, (int)length).TrimEnd('\n');
    }
}
