using System.Collections.Concurrent;
using System.Globalization;

namespace Attune.Agent.Running;

/// <summary>
/// Ends processes with all that descends from them. Runs on the loop's thread. A group is signalled only while one of its members is known to be unreaped:
/// until then the kernel cannot give its number to anybody else.
/// </summary>
sealed unsafe class Sweeper(
    TimeProvider clock, ConcurrentDictionary<long, ChildProcess> children, string identity, Func<bool> isStarting, Epoll epoll) : IDisposable
{
    const int LookMillisecondsMax = 50;
    static readonly TimeSpan GiveUpAfterKill = TimeSpan.FromSeconds(30);
    static readonly TimeSpan TimeoutGrace = TimeSpan.FromSeconds(10);

    readonly Adopted adopted = new();

    public void Dispose() => adopted.Dispose();

    public void ReapStrangers()
    {
        if (!isStarting())
        {
            adopted.ReapStrangers(IsLeader);
        }
    }

    public void Terminate(ChildProcess child, EndCause cause, TimeSpan grace)
    {
        if (child.IsSwept || (child.HasExited && child.Cause is EndCause.Own))
        {
            return;
        }

        child.Cause = child.Cause is EndCause.Own ? cause : child.Cause;
        child.DeadlineAt = long.MaxValue;
        var isFirst = child.KillAt == long.MaxValue;
        child.KillAt = Math.Min(child.KillAt, After(grace));
        if (isFirst && grace > TimeSpan.Zero && !child.HasExited)
        {
            Signal(child, LibC.SigTerm);

            // A stopped process could not act on it.
            Signal(child, SigCont);
        }
        else
        {
            Advance(child, clock.GetTimestamp());
        }
    }

    public void LeaderExited(ChildProcess child)
    {
        LibC.SignalInformation dead = default;
        if (child.ProcessFile < 0
            && LibC.WaitId(LibC.PPid, (uint)child.Id, &dead, LibC.WExited | LibC.WNoHang | LibC.WNoWait) == 0 && dead.Process == 0)
        {
            return;
        }

        // The dead leader still holds the group's number. After a cancel the others have the rest of the grace.
        if (child.IsForced || child.KillAt == long.MaxValue || clock.GetTimestamp() >= child.KillAt)
        {
            child.IsForced = true;
            Signal(child, LibC.SigKill);
        }

        var isReaped = LibC.WaitId(LibC.PPid, (uint)child.Id, &dead, LibC.WExited | LibC.WNoHang) == 0;
        child.HasExited = true;
        child.ExitCode = isReaped && dead.Code == LibC.CldExited ? dead.Status : null;
        child.Signal = isReaped && dead.Code != LibC.CldExited ? dead.Status : null;
        child.LookAgainAt = long.MinValue;
        if (child.ProcessFile >= 0)
        {
            epoll.Remove(child.ProcessFile);
            _ = LibC.Close(child.ProcessFile);
            child.ProcessFile = -1;
        }
    }

    public void Advance(ChildProcess child, long now)
    {
        if (child.IsSwept || child.NextDue > now)
        {
            return;
        }

        if (!child.HasExited)
        {
            Press(child, now);
        }

        if (child.HasExited)
        {
            Sweep(child, now);
        }

        if (now >= child.GiveUpAt && !child.IsSwept)
        {
            child.Survivors = Math.Max(1, child.Escaped.Count);
            child.IsSwept = true;
        }
    }

    void Press(ChildProcess child, long now)
    {
        if (now >= child.DeadlineAt)
        {
            Terminate(child, EndCause.TimedOut, TimeoutGrace);
        }

        if (now >= child.KillAt && !child.IsForced)
        {
            child.IsForced = true;
            Signal(child, LibC.SigKill);
            child.GiveUpAt = After(GiveUpAfterKill);
        }

        // Before Linux 5.3 there is no file that tells of the exit.
        child.LookAgainAt = child.ProcessFile < 0 ? now + (clock.TimestampFrequency / 100) : long.MaxValue;
        if (child.ProcessFile < 0)
        {
            LeaderExited(child);
        }
    }

    void Sweep(ChildProcess child, long now)
    {
        child.IsForced |= now >= child.KillAt;
        var isGroupGone = SweepGroup(child, child.IsForced);
        var areOthersGone = SweepEscaped(child, child.IsForced);
        if (isGroupGone && areOthersGone)
        {
            child.IsSwept = true;
            return;
        }

        if (child.IsForced && child.GiveUpAt == long.MaxValue)
        {
            child.GiveUpAt = After(GiveUpAfterKill);
        }

        child.LookAgainAt = now + (clock.TimestampFrequency * Math.Min(LookMillisecondsMax, 1 << Math.Min(child.Looks++, 6)) / 1000);
    }

    static bool SweepGroup(ChildProcess child, bool isForced)
    {
        while (true)
        {
            LibC.SignalInformation dead = default;
            if (LibC.WaitId(LibC.PPgid, (uint)child.Id, &dead, LibC.WExited | LibC.WNoHang) < 0)
            {
                return true;
            }

            if (dead.Process == 0)
            {
                if (isForced)
                {
                    Signal(child, LibC.SigKill);
                }

                return false;
            }

            child.Leftovers += dead.Code != LibC.CldExited && dead.Status == LibC.SigKill ? 1 : 0;
        }
    }

    bool SweepEscaped(ChildProcess child, bool isForced)
    {
        var areGone = true;
        child.MayRemain = false;
        foreach (var stat in adopted.Strangers(IsLeader))
        {
            // Those of the group are SweepGroup's: it reaps and counts them.
            if (stat.Group == child.Id)
            {
                continue;
            }

            if (!BelongsTo(child, stat))
            {
                child.MayRemain |= !stat.IsZombie && !IsSessionOfAnother(child, stat);
                continue;
            }

            if (stat.IsZombie)
            {
                _ = Adopted.Reap(stat.Id);
            }
            else
            {
                // It was not in the group that the cancel asked to end: it is asked now.
                var isNew = child.Escaped.Add(stat.Id);
                child.Leftovers += isNew ? 1 : 0;
                if (isNew || isForced)
                {
                    _ = LibC.Kill(stat.Group == stat.Id ? -stat.Id : stat.Id, isForced ? LibC.SigKill : LibC.SigTerm);
                }
            }

            // What it has started is ours only once it is gone: look again.
            areGone = false;
        }

        return areGone;
    }

    bool BelongsTo(ChildProcess child, ProcessStat stat)
    {
        if (stat.Session == child.Id || child.Escaped.Contains(stat.Id))
        {
            return true;
        }

        if (stat.IsZombie)
        {
            return false;
        }

        if (Proc.Variable(stat.Id, ProcessLoop.Marker) is { } marker)
        {
            return marker.Split('.') is [_, var life, var start] && life == identity
                && long.TryParse(start, NumberStyles.None, null, out var number)
                && (number == child.Number || !children.ContainsKey(number));
        }

        // It left the session and wiped its environment. It is this one's when there is no other it could be of.
        return !isStarting() && children.Count == 1;
    }

    // A variable can be forged, but nobody can enter a session.
    bool IsSessionOfAnother(ChildProcess child, ProcessStat stat)
    {
        foreach (var (_, other) in children)
        {
            if (other != child && other.Id == stat.Session)
            {
                return true;
            }
        }

        return false;
    }

    bool IsLeader(int id)
    {
        foreach (var (_, child) in children)
        {
            if (child.Id == id && !child.HasExited)
            {
                return true;
            }
        }

        return false;
    }

    const int SigCont = 18;

    static void Signal(ChildProcess child, int signal) => _ = LibC.Kill(-child.Id, signal);

    long After(TimeSpan time) => clock.GetTimestamp() + (long)(Math.Min(time.TotalSeconds, int.MaxValue) * clock.TimestampFrequency);
}
