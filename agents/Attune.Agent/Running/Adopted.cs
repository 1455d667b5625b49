using System.Globalization;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>
/// Descendants whose own parents are gone. The agent is a subreaper (prctl(2)), so the kernel gives them to its main thread, whatever session or group
/// they have moved to: one short file names them all.
/// </summary>
sealed unsafe class Adopted : IDisposable
{
    const int BufferSize = 64 * 1024;

    readonly int children = LibC.Open($"/proc/self/task/{Environment.ProcessId}/children", LibC.OCloexec, 0);
    readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
    readonly int ownSession = LibC.GetSession(0);
    (int Id, long Start) doubtful;

    public Adopted() => _ = LibC.ProcessControl(LibC.PrSetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Children of the main thread that are neither ours by a start nor in the agent's own session.</summary>
    public IEnumerable<ProcessStat> Strangers(Func<int, bool> isOurs)
        => Candidates()
            .Where(id => !isOurs(id))
            .Select(Proc.Stat)
            .OfType<ProcessStat>()
            .Where(stat => stat.Session != ownSession && stat.Parent == Environment.ProcessId);

    /// <summary>Buries the dead that nobody swept: a daemon that ended by itself while its run went on.</summary>
    public void ReapStrangers(Func<int, bool> isOurs)
    {
        for (var reaped = 0; reaped < 64; reaped++)
        {
            LibC.SignalInformation dead = default;
            if (LibC.WaitId(LibC.PAll, 0, &dead, LibC.WExited | LibC.WNoHang | LibC.WNoWait) < 0 || dead.Process == 0 || isOurs(dead.Process)
                || Proc.Stat(dead.Process) is not { } stat || stat.Session == ownSession)
            {
                return;
            }

            // A leader that somebody has just started and not yet entered looks the same: only one that is still there next time is a stranger.
            if (stat.Session == stat.Id && doubtful != (stat.Id, stat.Start))
            {
                doubtful = (stat.Id, stat.Start);
                return;
            }

            _ = Reap(stat.Id);
        }
    }

    public static bool Reap(int id)
    {
        LibC.SignalInformation dead = default;
        return LibC.WaitId(LibC.PPid, (uint)id, &dead, LibC.WExited | LibC.WNoHang) == 0 && dead.Process == id;
    }

    public void Dispose()
    {
        if (children >= 0)
        {
            _ = LibC.Close(children);
        }
    }

    IReadOnlyList<int> Candidates()
    {
        // Kernels without CONFIG_PROC_CHILDREN have no such file: the long way then.
        if (children < 0)
        {
            return [.. Proc.Ids()];
        }

        fixed (byte* start = buffer)
        {
            var length = (int)LibC.ReadAt(children, start, BufferSize, 0);
            return length <= 0
                ? []
                : [.. Encoding.ASCII.GetString(buffer, 0, length)
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        }
    }
}
