using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>What an agent that died left behind on this host.</summary>
public static partial class Leftovers
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan GiveUp = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Kills every process that an earlier agent with this root started, and removes their run directories. Call it once, before the first run, and only
    /// where no other agent uses the root.
    /// </summary>
    /// <returns>How many processes were killed.</returns>
    public static async Task<int> KillAsync(AgentPaths paths, TimeProvider clock, ILogger logger, CancellationToken ct)
    {
        paths.Create();
        var killed = new HashSet<(int, long)>();
        var began = clock.GetTimestamp();
        while (Find(paths) is { Count: > 0 } found && clock.GetElapsedTime(began) < GiveUp)
        {
            foreach (var each in found)
            {
                killed.Add((each.Id, each.Start));
                _ = LibC.Kill(each.Id, LibC.SigKill);
            }

            await Task.Delay(Look, clock, ct);
        }

        foreach (var folder in Directory.EnumerateDirectories(paths.Runs))
        {
            if (!Trees.TryDelete(folder))
            {
                FolderRemains(logger, folder);
            }
        }

        if (killed.Count > 0)
        {
            LeftoversKilled(logger, killed.Count);
        }

        return killed.Count;
    }

    // By the marker in the environment, which no other program has; and by the session of a leader that is still the one of the note.
    static List<ProcessStat> Find(AgentPaths paths)
    {
        var owner = paths.Owner + '.';
        var sessions = RunFolders.Notes(paths)
            .Where(note => note.Process > 0 && Proc.Stat(note.Process)?.Start == note.Start)
            .Select(note => note.Process)
            .ToHashSet();
        return [.. Proc.Ids()
            .Where(id => id != Environment.ProcessId)
            .Select(Proc.Stat)
            .OfType<ProcessStat>()
            .Where(stat => !stat.IsZombie
                && (sessions.Contains(stat.Session) || Proc.Variable(stat.Id, ProcessLoop.Marker)?.StartsWith(owner, StringComparison.Ordinal) == true))];
    }

    [LoggerMessage(LogLevel.Warning, "{Count} processes that an earlier agent had left running were killed; executions among them are reported as lost")]
    static partial void LeftoversKilled(ILogger logger, int count);

    [LoggerMessage(LogLevel.Warning, "The run folder {Folder} could not be removed; it takes up room until someone does")]
    static partial void FolderRemains(ILogger logger, string folder);
}
