using System.Runtime.InteropServices;

namespace Attune.Agent.Running;

/// <summary>The C library's calls that .NET has no door for. Struct layouts are those of Linux on 64-bit machines (glibc and musl agree on them).</summary>
static unsafe partial class LibC
{
    public const int SigTerm = 15;
    public const int SigKill = 9;
    public const int EIntr = 4;
    public const int EAgain = 11;
    public const int OCloexec = 0x80000;
    public const int ONonblock = 0x800;
    public const int FSetFl = 4;
    public const int EpollIn = 1;
    public const int EpollOut = 4;
    public const int EpollErr = 8;
    public const int EpollHup = 16;
    public const int EpollAdd = 1;
    public const int EpollDel = 2;
    public const int PAll = 0;
    public const int PPid = 1;
    public const int PPgid = 2;
    public const int WNoHang = 1;
    public const int WExited = 4;
    public const int WNoWait = 0x01000000;
    public const int CldExited = 1;
    public const int PrSetChildSubreaper = 36;
    public const int PrioProcess = 0;
    public const int PrioProcessGroup = 1;
    public const int AtFdCwd = -100;
    public const int AtSymlinkNoFollow = 0x100;
    public const uint StatusBasic = 0x7ff;
    public const int EExist = 17;
    public const long SysPidfdOpen = 434;
    public const short SpawnSetSigDef = 0x04;
    public const short SpawnSetSigMask = 0x08;
    public const short SpawnSetSid = 0x80;

    /// <summary>Larger than posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t of any C library.</summary>
    public const int OpaqueSize = 512;

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(int file, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int file, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static partial nint ReadAt(int file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int file);

    /// <summary>C libraries of before 2018 have none: callers must expect <see cref="EntryPointNotFoundException"/>.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Status(int folder, string path, int flags, uint wanted, FileStatus* status);

    /// <returns>How many bytes their names take; -1 where there can be none.</returns>
    [LibraryImport("libc", EntryPoint = "llistxattr", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ListAttributes(string path, byte* names, nuint size);

    /// <summary>Mode 0700. Unlike the framework's it does not content itself with what is there.</summary>
    /// <returns>False when something has that name.</returns>
    public static bool TryCreateDirectory(string path)
        => MakeDirectory(path, 0b111_000_000) == 0 || (Marshal.GetLastPInvokeError() == EExist
            ? false
            : throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}"));

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int file, void* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, void* events, int eventsMax, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFile(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long SystemCall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    public static partial int WaitId(int kind, uint id, SignalInformation* information, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "getpriority")]
    public static partial int GetPriority(int kind, uint id);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    public static partial int SetPriority(int kind, uint id, int nice);

    [LibraryImport("libc", EntryPoint = "getsid")]
    public static partial int GetSession(int process);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* process, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    public static partial int SpawnAttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SpawnAttributesSetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SpawnAttributesSetSignalDefaults(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SpawnAttributesSetSignalMask(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    public static partial int SignalsFill(void* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    public static partial int SignalsEmpty(void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int SpawnActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int SpawnActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int SpawnActionsDuplicate(void* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static partial int SpawnActionsChangeDirectory(void* actions, byte* path);

    /// <summary>Only glibc 2.34 and later has it: callers must expect <see cref="EntryPointNotFoundException"/>.</summary>
    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    public static partial int SpawnActionsCloseFrom(void* actions, int from);

    /// <summary>struct statx: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct FileStatus
    {
        [FieldOffset(8)]
        public ulong Attributes;

        [FieldOffset(16)]
        public uint Links;

        /// <summary>User and group.</summary>
        [FieldOffset(20)]
        public OwnerIds Owner;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Node;

        [FieldOffset(40)]
        public ulong Size;

        /// <summary>Major and minor number.</summary>
        [FieldOffset(136)]
        public ulong Device;
    }

    public readonly record struct OwnerIds(uint User, uint Group);

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    public struct SignalInformation
    {
        [FieldOffset(8)]
        public int Code;

        [FieldOffset(16)]
        public int Process;

        [FieldOffset(24)]
        public int Status;
    }
}
