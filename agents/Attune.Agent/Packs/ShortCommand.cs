using System.Text;
using Attune.Agent.Running;

namespace Attune.Agent.Packs;

/// <summary>What a command of the agent's own came to. <paramref name="Output"/> is stdout and stderr as they came, at most the last 64 KiB.</summary>
sealed record CommandEnd(int? ExitCode, string Output)
{
    public bool IsOk => ExitCode == 0;
}

static class ShortCommand
{
    const int OutputMax = 64 * 1024;

    /// <summary>A program that is missing or cannot be executed ends without an exit code, and its output says why.</summary>
    public static async Task<CommandEnd> RunAsync(ProcessLoop processes, ProcessStart start, CancellationToken ct)
    {
        if (!processes.TryStart(start, out var child, out var error))
        {
            return new CommandEnd(null, error);
        }

        await using var stop = ct.UnsafeRegister(static (child, _) => ((ChildProcess)child!).Kill(), child);
        var output = new List<byte>();
        await foreach (var piece in child.Pending.ReadAllAsync(CancellationToken.None))
        {
            output.AddRange(piece.Bytes);
            child.Consumed(piece);
            if (output.Count > OutputMax * 2)
            {
                output.RemoveRange(0, output.Count - OutputMax);
            }
        }

        var end = await child.End;
        ct.ThrowIfCancellationRequested();
        output.RemoveRange(0, Math.Max(0, output.Count - OutputMax));
        var text = Encoding.UTF8.GetString([.. output]).Replace('\0', '\uFFFD');
        return end.Cause == EndCause.TimedOut
            ? new CommandEnd(null, $"{text}\nIt was stopped after {start.Timeout}.")
            : new CommandEnd(end.ExitCode, text);
    }
}
