using System.Collections.Concurrent;
using System.Globalization;

namespace Attune.Agent.Running;

/// <summary>The slots of one agent: as many as it has ever had runs at once.</summary>
sealed class RunFolders(AgentPaths paths)
{
    readonly ConcurrentStack<RunSlot> free = [];
    long last;

    /// <summary>The attempts that an agent which is no longer alive had begun to run here.</summary>
    public static IEnumerable<(long ExecutionId, int Attempt)> Noted(AgentPaths paths)
        => Notes(paths).Select(note => (note.ExecutionId, note.Attempt));

    public static IEnumerable<RunNote> Notes(AgentPaths paths)
        => Directory.EnumerateDirectories(paths.Runs)
            .Select(folder => RunNote.Read(Path.Combine(folder, RunSlot.Note)))
            .OfType<RunNote>();

    public RunFolder Take(long executionId, int attempt)
    {
        var slot = TakeSlot();
        try
        {
            return new RunFolder(this, slot, executionId, attempt);
        }
        catch
        {
            slot.Discard();
            throw;
        }
    }

    public void GiveBack(RunSlot slot, bool isQuiet)
    {
        if (isQuiet && slot.TryReset())
        {
            free.Push(slot);
        }
        else
        {
            slot.Discard();
        }
    }

    RunSlot TakeSlot()
    {
        // Another run, or what a run asked a service of the host to do, may have written into it since it was emptied.
        while (free.TryPop(out var kept))
        {
            if (kept.IsAsMade)
            {
                return kept;
            }

            GiveBack(kept, isQuiet: false);
        }

        string path;
        do
        {
            path = Path.Combine(paths.Runs, string.Create(CultureInfo.InvariantCulture, $"slot-{Interlocked.Increment(ref last)}"));
        }
        while (!LibC.TryCreateDirectory(path));

        return new RunSlot(path);
    }
}
