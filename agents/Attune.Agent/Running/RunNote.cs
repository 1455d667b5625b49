using System.Globalization;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>
/// By which a later agent finds what a dead one was running: the attempt, and its leader once there is one (0 until then), with the start time and the
/// boot that make the process id unmistakable.
/// </summary>
readonly record struct RunNote(long ExecutionId, int Attempt, int Process, long Start)
{
    /// <summary>Each note is exactly as long, so that one write replaces another whole.</summary>
    public const int Length = 128;

    public static ReadOnlySpan<byte> Blank => "                                                                                                                                "u8;

    /// <returns>Null when none is there. The process is 0 when it is of an earlier boot.</returns>
    public static RunNote? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var execution, var attempt, var process, var start, var boot]
                && long.TryParse(execution, CultureInfo.InvariantCulture, out var executionId)
                && int.TryParse(attempt, CultureInfo.InvariantCulture, out var attemptNumber)
                && int.TryParse(process, CultureInfo.InvariantCulture, out var leader)
                && long.TryParse(start, CultureInfo.InvariantCulture, out var started)
                    ? new RunNote(executionId, attemptNumber, boot == Proc.BootId ? leader : 0, started)
                    : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary><paramref name="to"/> has <see cref="Length"/> bytes.</summary>
    public void Write(Span<byte> to)
    {
        Blank.CopyTo(to);
        _ = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{ExecutionId} {Attempt} {Process} {Start} {Proc.BootId}"), to);
    }
}
