using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Attune.Agent.Running;

/// <summary>One epoll instance and the event file that wakes it. Level-triggered: what is not handled comes again.</summary>
sealed unsafe class Epoll : IDisposable
{
    const int EventsMax = 256;
    const long WakeToken = -1;

    // x86-64 packs epoll_event to 12 bytes; every other architecture aligns it to 16.
    static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    readonly byte[] ready = GC.AllocateArray<byte>(EventsMax * 16, pinned: true);
    readonly int epoll = Checked(LibC.EpollCreate(LibC.OCloexec));
    readonly int wake = Checked(LibC.EventFile(0, LibC.OCloexec | LibC.ONonblock));

    public Epoll() => Add(wake, LibC.EpollIn, WakeToken);

    public void Add(int file, int events, long token)
    {
        var interest = stackalloc byte[16];
        Unsafe.WriteUnaligned(interest, events);
        Unsafe.WriteUnaligned(interest + Stride - sizeof(long), token);
        Checked(LibC.EpollControl(epoll, LibC.EpollAdd, file, interest));
    }

    public void Remove(int file)
    {
        var ignored = stackalloc byte[16];
        _ = LibC.EpollControl(epoll, LibC.EpollDel, file, ignored);
    }

    public void Wake()
    {
        var one = 1L;
        _ = LibC.Write(wake, (byte*)&one, sizeof(long));
    }

    /// <returns>How many events are ready for <see cref="Read"/>; 0 after the timeout.</returns>
    public int Wait(int timeoutMilliseconds)
    {
        var count = LibC.EpollWait(epoll, Unsafe.AsPointer(ref ready[0]), EventsMax, timeoutMilliseconds);
        return count >= 0 ? count : Marshal.GetLastPInvokeError() == LibC.EIntr ? 0 : Checked(count);
    }

    /// <returns>False for a mere wake-up.</returns>
    public bool Read(int index, out int events, out long token)
    {
        var at = ready.AsSpan(index * Stride, Stride);
        events = MemoryMarshal.Read<int>(at);
        token = MemoryMarshal.Read<long>(at[(Stride - sizeof(long))..]);
        if (token != WakeToken)
        {
            return true;
        }

        long ignored;
        _ = LibC.Read(wake, (byte*)&ignored, sizeof(long));
        return false;
    }

    public void Dispose()
    {
        _ = LibC.Close(wake);
        _ = LibC.Close(epoll);
    }

    static int Checked(int result) => result >= 0 ? result : throw new IOException($"epoll: {Marshal.GetLastPInvokeErrorMessage()}");
}
