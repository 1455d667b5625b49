using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Running;

/// <summary>The only place where processes start and end: one epoll thread for all of them, none per process. See the README beside it.</summary>
public sealed partial class ProcessLoop : IAsyncDisposable
{
    /// <summary>In every child's environment: which agent's, in which of its lives, by which start. Three parts with points between.</summary>
    internal const string Marker = "ATTUNE_PROCESS";

    const int NicenessAdded = 5;
    const int IdleMilliseconds = 1000;

    readonly ConcurrentDictionary<long, ChildProcess> children = new();
    readonly ConcurrentQueue<Request> requests = new();
    readonly Epoll epoll = new();
    readonly Spawner spawner = new();
    readonly Sweeper sweeper;
    readonly HashSet<ChildProcess> alive = [];
    readonly HashSet<ChildProcess> touched = [];
    readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TimeProvider clock;
    readonly ILogger<ProcessLoop> logger;
    readonly string identity = Guid.NewGuid().ToString("N");
    readonly int niceness;
    long nextDue = long.MaxValue;
    long last;
    int starting;
    int isAsleep;
    volatile bool isStopping;

    public ProcessLoop(TimeProvider clock, ILogger<ProcessLoop> logger)
    {
        this.clock = clock;
        this.logger = logger;
        niceness = Math.Min(19, LibC.GetPriority(LibC.PrioProcess, 0) + NicenessAdded);
        sweeper = new Sweeper(clock, children, identity, () => Volatile.Read(ref starting) > 0, epoll);
        new Thread(Run) { IsBackground = true, Name = "processes" }.Start();
    }

    internal int Count => children.Count;

    /// <summary>How many wait for someone to take their output.</summary>
    internal int Paused => children.Values.Count(child => child.IsPaused);

    /// <summary>False, with a sentence for a person, when the program cannot be executed.</summary>
    internal bool TryStart(ProcessStart start, [NotNullWhen(true)] out ChildProcess? child, [NotNullWhen(false)] out string? error)
    {
        child = null;
        var number = Interlocked.Increment(ref last);
        Interlocked.Increment(ref starting);
        try
        {
            if (isStopping)
            {
                error = "The agent is stopping.";
                return false;
            }

            var failure = spawner.Start(start, $"{Marker}={start.Owner}.{identity}.{number}", out var files);
            if (failure != 0)
            {
                error = $"{start.File}: {Marshal.GetPInvokeErrorMessage(failure)}";
                return false;
            }

            child = new ChildProcess(this, number, files);
            Enter(child, start);
            error = null;
            return true;
        }
        finally
        {
            Interlocked.Decrement(ref starting);
        }
    }

    internal void Ask(Request request)
    {
        requests.Enqueue(request);
        Wake();
    }

    /// <summary>Kills what still runs and waits until it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        isStopping = true;
        Wake();
        await ended.Task;
        epoll.Dispose();
        spawner.Dispose();
        sweeper.Dispose();
    }

    void Enter(ChildProcess child, ProcessStart start)
    {
        _ = LibC.SetPriority(LibC.PrioProcessGroup, (uint)child.Id, niceness);
        child.DeadlineAt = start.Timeout is { } timeout ? After(timeout) : long.MaxValue;
        child.Unwritten = start.Input;
        child.UnwrittenTold = start.Input.Length;
        child.KeepsInput = start.KeepsInput;

        // Nearly every input fits into the pipe at once and needs no watching.
        Write(child);
        child.ProcessFile = (int)LibC.SystemCall(LibC.SysPidfdOpen, child.Id, 0);

        // From here on it is the loop's.
        children[child.Number] = child;
        Ask(new Request(child, RequestKind.Watch, TimeSpan.Zero));
    }

    void Run()
    {
        try
        {
            var reapAt = clock.GetTimestamp();
            while (!isStopping || !children.IsEmpty || Volatile.Read(ref starting) > 0)
            {
                // Whoever asks after this wakes the loop; who asked before is seen by the look at the queue.
                Interlocked.Exchange(ref isAsleep, 1);
                var count = epoll.Wait(requests.IsEmpty ? Due() : 0);
                Interlocked.Exchange(ref isAsleep, 0);
                for (var index = 0; index < count; index++)
                {
                    if (epoll.Read(index, out _, out var token) && children.TryGetValue(token >> 2, out var child))
                    {
                        Handle(child, (Watched)(token & 3));
                        touched.Add(child);
                    }
                }

                while (requests.TryDequeue(out var request))
                {
                    Handle(request);
                    touched.Add(request.Child);
                }

                Advance(clock.GetTimestamp());
                if (clock.GetTimestamp() >= reapAt)
                {
                    reapAt = After(TimeSpan.FromMilliseconds(IdleMilliseconds));
                    sweeper.ReapStrangers();
                }
            }

            ended.SetResult();
        }
        catch (Exception broken)
        {
            // Without this thread the agent can start nothing and end nothing: better it dies and is restarted.
            LoopBroken(logger, broken);
            Environment.FailFast("The process loop is broken.", broken);
        }
    }

    int Due()
    {
        var left = nextDue == long.MaxValue ? IdleMilliseconds : (Math.Max(nextDue, 0) - clock.GetTimestamp()) * 1000 / clock.TimestampFrequency;
        return (int)Math.Clamp(left + 1, 0, isStopping ? 10 : IdleMilliseconds);
    }

    // Those with news; and all of them once the nearest due time has come, which also finds the next one.
    void Advance(long now)
    {
        if (now >= nextDue || isStopping)
        {
            touched.UnionWith(alive);
            nextDue = long.MaxValue;
        }

        foreach (var child in touched)
        {
            if (alive.Contains(child))
            {
                Advance(child, now);
                nextDue = Math.Min(nextDue, child.NextDue);
            }
        }

        touched.Clear();
    }

    void Handle(ChildProcess child, Watched what)
    {
        switch (what)
        {
            case Watched.Output when child.Output >= 0 && !child.IsPaused:
                _ = Read(child, ref child.Output, isError: false);
                break;
            case Watched.Error when child.Error >= 0 && !child.IsPaused:
                _ = Read(child, ref child.Error, isError: true);
                break;
            case Watched.Input when child.Input >= 0:
                Write(child);
                break;
            case Watched.Process when !child.HasExited:
                sweeper.LeaderExited(child);
                break;
        }
    }

    void Handle(Request request)
    {
        var child = request.Child;
        switch (request.Kind)
        {
            case RequestKind.Watch:
                _ = alive.Add(child);
                Watch(child.Output, LibC.EpollIn, Token(child, Watched.Output));
                Watch(child.Error, LibC.EpollIn, Token(child, Watched.Error));
                WatchInput(child);
                Watch(child.ProcessFile, LibC.EpollIn, Token(child, Watched.Process));
                child.LookAgainAt = child.ProcessFile < 0 ? clock.GetTimestamp() : child.LookAgainAt;
                break;
            case RequestKind.Resume when child.IsPaused && Interlocked.Read(ref child.Unread) < UnreadLow:
                child.IsPaused = false;
                Watch(child.Output, LibC.EpollIn, Token(child, Watched.Output));
                Watch(child.Error, LibC.EpollIn, Token(child, Watched.Error));
                break;
            case RequestKind.Write when child.Input >= 0 && child.KeepsInput:
                child.Unwritten = child.Unwritten.IsEmpty ? request.Bytes : (byte[])[.. child.Unwritten.Span, .. request.Bytes.Span];
                WatchInput(child);
                break;
            case RequestKind.Write:
                // It has closed its end.
                Interlocked.Add(ref child.UnwrittenTold, -request.Bytes.Length);
                break;
            case RequestKind.CloseInput when child.Input >= 0:
                child.KeepsInput = false;
                WatchInput(child);
                break;
            case RequestKind.Terminate:
                sweeper.Terminate(child, EndCause.Terminated, request.Grace);
                break;
            case RequestKind.Kill:
                child.IsDiscarding = true;
                sweeper.Terminate(child, EndCause.Killed, TimeSpan.Zero);
                break;
        }
    }

    void Advance(ChildProcess child, long now)
    {
        if (isStopping && !child.IsDiscarding)
        {
            child.IsDiscarding = true;
            sweeper.Terminate(child, EndCause.Killed, TimeSpan.Zero);
        }

        sweeper.Advance(child, now);
        if (!child.IsSwept)
        {
            return;
        }

        Drain(child);
        if (child.Output < 0 && child.Error < 0)
        {
            Close(ref child.Input);
            Close(ref child.ProcessFile);
            children.TryRemove(child.Number, out _);
            _ = alive.Remove(child);
            child.Pieces.Writer.TryComplete();
            child.Completion.TrySetResult(new ProcessEnd(child.Cause, child.ExitCode, child.Signal, child.Leftovers, child.Survivors, child.MayRemain));
        }
    }

    void Wake()
    {
        if (Interlocked.Exchange(ref isAsleep, 0) == 1)
        {
            epoll.Wake();
        }
    }

    long After(TimeSpan time) => clock.GetTimestamp() + (long)(Math.Min(time.TotalSeconds, int.MaxValue) * clock.TimestampFrequency);

    static long Token(ChildProcess child, Watched what) => (child.Number << 2) | (long)what;

    [LoggerMessage(LogLevel.Critical, "The process loop is broken; the agent ends, because it can neither start nor stop a process any more")]
    static partial void LoopBroken(ILogger logger, Exception broken);
}
