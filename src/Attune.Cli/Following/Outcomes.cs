using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Following;

/// <summary>How an execution ended, in one line and for the shell.</summary>
static class Outcomes
{
    public static bool IsFinal(this ExecutionStatus status)
        => status is ExecutionStatus.Completed or ExecutionStatus.Failed or ExecutionStatus.Cancelled
            or ExecutionStatus.Timeout or ExecutionStatus.Abandoned;

    public static int ExitCode(this Execution execution)
        => execution.Status is ExecutionStatus.Completed ? Cli.ExitCode.Ok : Cli.ExitCode.ExecutionFailed;

    /// <summary>`✓ completed in 1.2 s`, `✗ failed after 3.0 s: exit code 2`; then the last of what the job said, unless it was seen.</summary>
    public static void WriteOutcome(this Terminal terminal, Execution execution, bool logWasSeen)
    {
        var good = execution.Status is ExecutionStatus.Completed;
        var (tone, mark) = good ? (Tone.Good, '✓') : (Tone.Bad, '✗');
        var line = $"{mark} {Texts.Word(execution.Status)}{Took(execution, good ? "in" : "after")}";
        if (execution.Attempt > 1)
            line += $", attempt {execution.Attempt}";
        var message = execution.Error?.Message is { Length: > 0 } said ? $": {said}" : "";
        terminal.Error.WriteLine(tone.Paint(line, terminal.ColourError) + message);
        if (!logWasSeen && execution.Error?.StderrTail is { Length: > 0 } tail)
            terminal.Error.WriteLine(tail.TrimEnd('\n'));
    }

    public static TimeSpan? Length(Execution execution, TimeProvider clock)
    {
        if (execution.StartedAt is null)
            return null;
        if (execution.FinishedAt is { } end)
            return end.ToDateTimeOffset() - execution.StartedAt.ToDateTimeOffset();

        return execution.Status.IsFinal() ? null : clock.GetUtcNow() - execution.StartedAt.ToDateTimeOffset();
    }

    static string Took(Execution execution, string word)
        => execution is { StartedAt: { } start, FinishedAt: { } end }
            ? $" {word} {Texts.Length(end.ToDateTimeOffset() - start.ToDateTimeOffset())}"
            : "";
}
