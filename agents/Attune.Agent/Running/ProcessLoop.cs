using System.Buffers;
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

    const int ReadSize = 64 * 1024;
    const int UnreadHigh = 512 * 1024;
    const int UnreadLow = 128 * 1024;
    const int ReadAfterSweepMax = 1024 * 1024;
    const int NicenessAdded = 5;
    const int IdleMilliseconds = 1000;

    readonly ConcurrentDictionary<long, ChildProcess> children = new();
    readonly ConcurrentQueue<Request> requests = new();
    readonly Epoll epoll = new();
    readonly Spawner spawner = new();
    readonly Sweeper sweeper;
    readonly HashSet<ChildProcess> alive = [];
    readonly HashSet<ChildProcess> touched = [];
    readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(ReadSize, pinned: true);
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

    internal void Consumed(ChildProcess child, OutputPiece piece)
    {
        ArrayPool<byte>.Shared.Return(piece.Buffer);
        if (Interlocked.Add(ref child.Unread, -piece.Length) < UnreadLow && child.IsPaused)
        {
            Ask(new Request(child, RequestKind.Resume, TimeSpan.Zero));
        }
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
                Watch(child.Input, LibC.EpollOut, Token(child, Watched.Input));
                Watch(child.ProcessFile, LibC.EpollIn, Token(child, Watched.Process));
                child.LookAgainAt = child.ProcessFile < 0 ? clock.GetTimestamp() : child.LookAgainAt;
                break;
            case RequestKind.Resume when child.IsPaused && Interlocked.Read(ref child.Unread) < UnreadLow:
                child.IsPaused = false;
                Watch(child.Output, LibC.EpollIn, Token(child, Watched.Output));
                Watch(child.Error, LibC.EpollIn, Token(child, Watched.Error));
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

    // Nobody of the run is left to write, so what the pipes hold is all there will be; one who got away and still holds them is not waited for.
    void Drain(ChildProcess child)
    {
        while (child.Output >= 0 && !child.IsPaused && Read(child, ref child.Output, isError: false))
        {
        }

        while (child.Error >= 0 && !child.IsPaused && Read(child, ref child.Error, isError: true))
        {
        }

        if (child.IsPaused && !child.IsDiscarding)
        {
            return;
        }

        Close(ref child.Output);
        Close(ref child.Error);
    }

    unsafe bool Read(ChildProcess child, ref int file, bool isError)
    {
        nint length;
        fixed (byte* start = buffer)
        {
            length = LibC.Read(file, start, ReadSize);
        }

        if (length <= 0)
        {
            if (length == 0 || Marshal.GetLastPInvokeError() is not (LibC.EAgain or LibC.EIntr))
            {
                Close(ref file);
            }

            return false;
        }

        if (child.IsDiscarding)
        {
            return !child.IsSwept;
        }

        var piece = new OutputPiece(isError, ArrayPool<byte>.Shared.Rent((int)length), (int)length);
        buffer.AsSpan(0, (int)length).CopyTo(piece.Buffer);
        var unread = Interlocked.Add(ref child.Unread, length);
        child.Pieces.Writer.TryWrite(piece);
        if (unread >= UnreadHigh)
        {
            Pause(child);
        }

        return !child.IsSwept || (child.ReadAfterSweep += (int)length) < ReadAfterSweepMax;
    }

    // A closed pipe is reported whether or not one asks for anything, so a paused one leaves the epoll set altogether.
    void Pause(ChildProcess child)
    {
        child.IsPaused = true;
        epoll.Remove(child.Output);
        epoll.Remove(child.Error);

        // The reader may have caught up before it could see the flag.
        if (Interlocked.Read(ref child.Unread) < UnreadLow)
        {
            requests.Enqueue(new Request(child, RequestKind.Resume, TimeSpan.Zero));
        }
    }

    void Watch(int file, int events, long token)
    {
        if (file >= 0)
        {
            epoll.Add(file, events, token);
        }
    }

    unsafe void Write(ChildProcess child)
    {
        fixed (byte* start = child.Unwritten.Span)
        {
            var written = child.Unwritten.IsEmpty ? 0 : LibC.Write(child.Input, start, (nuint)child.Unwritten.Length);
            if (written < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr)
            {
                return;
            }

            // EPIPE: it does not want to read, which is its right.
            child.Unwritten = written < 0 ? default : child.Unwritten[(int)written..];
        }

        if (child.Unwritten.IsEmpty)
        {
            Close(ref child.Input);
        }
    }

    // A child that has been forked and has not yet executed holds a copy, so closing alone would leave the file in the epoll set for a while, and loud.
    void Close(ref int file)
    {
        if (file >= 0)
        {
            epoll.Remove(file);
            _ = LibC.Close(file);
            file = -1;
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
