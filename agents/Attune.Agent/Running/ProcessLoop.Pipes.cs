using System.Buffers;
using System.Runtime.InteropServices;

namespace Attune.Agent.Running;

/// <summary>What goes through the children's pipes.</summary>
public sealed partial class ProcessLoop
{
    const int ReadSize = 64 * 1024;
    const int UnreadHigh = 512 * 1024;
    const int UnreadLow = 128 * 1024;
    const int ReadAfterSweepMax = 1024 * 1024;

    readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(ReadSize, pinned: true);

    internal void Consumed(ChildProcess child, OutputPiece piece)
    {
        ArrayPool<byte>.Shared.Return(piece.Buffer);
        if (Interlocked.Add(ref child.Unread, -piece.Length) < UnreadLow && child.IsPaused)
        {
            Ask(new Request(child, RequestKind.Resume, TimeSpan.Zero));
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

    // A pipe that has room is always ready, so it is watched only while there is something to write.
    void WatchInput(ChildProcess child)
    {
        if (child.Input < 0 || child.IsInputWatched || (child.Unwritten.IsEmpty && child.KeepsInput))
        {
            return;
        }

        child.IsInputWatched = true;
        Watch(child.Input, LibC.EpollOut, Token(child, Watched.Input));
    }

    unsafe void Write(ChildProcess child)
    {
        var before = child.Unwritten.Length;
        bool isGone;
        fixed (byte* start = child.Unwritten.Span)
        {
            var written = child.Unwritten.IsEmpty ? 0 : LibC.Write(child.Input, start, (nuint)child.Unwritten.Length);
            if (written < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr)
            {
                return;
            }

            // EPIPE: it does not want to read, which is its right.
            isGone = written < 0;
            child.Unwritten = isGone ? default : child.Unwritten[(int)written..];
        }

        Interlocked.Add(ref child.UnwrittenTold, child.Unwritten.Length - before);
        if (!child.Unwritten.IsEmpty)
        {
            return;
        }

        if (!child.KeepsInput || isGone)
        {
            Close(ref child.Input);
        }
        else if (child.IsInputWatched)
        {
            epoll.Remove(child.Input);
        }

        child.IsInputWatched = false;
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
}
