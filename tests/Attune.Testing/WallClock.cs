using System.Globalization;

namespace Attune.Testing;

/// <summary>
/// The time of day as real processes see it, in the test's hand: libfaketime (Debian's package `faketime`) answers for the kernel in all that
/// are started with <see cref="Environment"/>, and in their children. Time passes as always between two settings. What measures durations
/// is left alone: a sleeping process sleeps on when its clock is set, as after a suspend.
/// </summary>
public sealed class WallClock : IDisposable
{
    // Where its semaphores and memory stay behind when a process is killed, named after the process.
    const string SharedMemory = "/dev/shm";
    static readonly string[] Libraries = ["/usr/lib", "/usr/local/lib", "/usr/lib64"];

    readonly string file;
    readonly HashSet<string> before = [.. Leftovers()];

    /// <param name="directory">Holds the setting; every user whose processes see this clock must be able to read there.</param>
    /// <param name="now">What time it is.</param>
    public WallClock(string directory, DateTimeOffset now)
    {
        file = Path.Combine(directory, "clock");
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = FindLibrary(),
            ["FAKETIME_TIMESTAMP_FILE"] = file,
            // It is kept for ten seconds otherwise, by each process for itself: their clocks would differ after each setting.
            ["FAKETIME_NO_CACHE"] = "1",
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            ["NO_FAKE_STAT"] = "1",
        };
        Set(now);
    }

    /// <summary>Of the processes that see this clock.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>From now on, everywhere at once.</summary>
    public void Set(DateTimeOffset now)
    {
        var ahead = now - TimeProvider.System.GetUtcNow();
        var unfinished = file + ".new";
        File.WriteAllText(unfinished, ahead.TotalSeconds.ToString("+0.000;-0.000", CultureInfo.InvariantCulture) + "\n");
        // Read at any moment, so never seen half written.
        File.Move(unfinished, file, overwrite: true);
    }

    /// <summary>When its processes have ended.</summary>
    public void Dispose()
    {
        foreach (var left in Leftovers().Where(each => !before.Contains(each) && !Directory.Exists($"/proc/{each[(each.LastIndexOf('_') + 1)..]}")))
            File.Delete(left);
    }

    static IEnumerable<string> Leftovers() => Directory.EnumerateFiles(SharedMemory, "*faketime_s*_*");

    static string FindLibrary()
        => Libraries.Where(Directory.Exists)
            .SelectMany(each => Directory.EnumerateDirectories(each).Append(each))
            .Select(each => Path.Combine(each, "faketime", "libfaketimeMT.so.1"))
            .FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException("libfaketimeMT.so.1 is missing: ./dev test installs it, or apt-get install faketime.");
}
