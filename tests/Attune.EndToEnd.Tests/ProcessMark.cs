namespace Attune.EndToEnd.Tests;

/// <summary>Finds processes of this host, whoever started them, by a word that only a test's own have on their command line.</summary>
static class ProcessMark
{
    public static string New() => $"attune-mark-{Guid.NewGuid():N}";

    /// <summary>Those whose first argument begins with the mark: the shells that were told to start them only contain it.</summary>
    public static IReadOnlyList<int> Find(string mark) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _) && CommandLine(name).StartsWith(mark, StringComparison.Ordinal))
            .Select(name => int.Parse(name!, null)),
    ];

    static string CommandLine(string? id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended just now.
            return "";
        }
    }
}
