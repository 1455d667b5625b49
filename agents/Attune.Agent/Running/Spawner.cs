using System.Runtime.InteropServices;
using System.Text;

namespace Attune.Agent.Running;

/// <summary>A program to start. Its environment is exactly this one, its input begins with these bytes.</summary>
sealed record ProcessStart
{
    /// <summary>Absolute: nothing is searched for.</summary>
    public required string File { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required string Directory { get; init; }

    /// <summary><see cref="AgentPaths.Owner"/> of the agent that should find and kill it after a crash; `-`: short-lived, nobody's.</summary>
    public string Owner { get; init; } = "-";

    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Stdin stays open after <see cref="Input"/>, for <see cref="ChildProcess.Tell"/>; otherwise it ends there.</summary>
    public bool KeepsInput { get; init; }

    public TimeSpan? Timeout { get; init; }
}

/// <summary>What a start leaves with the parent: the process and the near ends of its pipes.</summary>
readonly record struct Spawned(int Process, int Input, int Output, int Error);

/// <summary>
/// posix_spawn: the C library suspends only the calling thread and copies no page tables (CLONE_VFORK | CLONE_VM), so a start costs the same however
/// large the agent is. The child gets its own session, default signals, and no file but its three.
/// </summary>
sealed unsafe class Spawner : IDisposable
{
    readonly nint attributes = (nint)NativeMemory.AllocZeroed(LibC.OpaqueSize);
    bool canCloseFrom = true;

    public Spawner()
    {
        // A pipe that landed on 0, 1 or 2 would be overwritten by the child's own standard files.
        while (LibC.Open("/dev/null", LibC.OCloexec | 2, 0) is >= 0 and var file)
        {
            if (file > 2)
            {
                _ = LibC.Close(file);
                break;
            }
        }

        var signals = stackalloc byte[LibC.OpaqueSize];
        _ = LibC.SpawnAttributesInit((void*)attributes);
        _ = LibC.SpawnAttributesSetFlags((void*)attributes, LibC.SpawnSetSid | LibC.SpawnSetSigDef | LibC.SpawnSetSigMask);
        _ = LibC.SignalsFill(signals);
        _ = LibC.SpawnAttributesSetSignalDefaults((void*)attributes, signals);
        _ = LibC.SignalsEmpty(signals);
        _ = LibC.SpawnAttributesSetSignalMask((void*)attributes, signals);
    }

    /// <returns>0, or the number of the error.</returns>
    public int Start(ProcessStart start, string marker, out Spawned spawned)
    {
        // In pairs: far (child's) and near (ours) of input, output, error.
        var files = stackalloc int[6] { -1, -1, -1, -1, -1, -1 };
        spawned = default;
        var failure = Open(files);
        var process = 0;
        if (failure == 0)
        {
            failure = Spawn(start, marker, files, &process);
        }

        for (var far = 0; far < 6; far += 2)
        {
            Close(files[far]);
            if (failure != 0)
            {
                Close(files[far + 1]);
            }
        }

        spawned = new Spawned(process, files[1], files[3], files[5]);
        return failure;
    }

    public void Dispose() => NativeMemory.Free((void*)attributes);

    static void Close(int file)
    {
        if (file >= 0)
        {
            _ = LibC.Close(file);
        }
    }

    static int Open(int* files)
    {
        var ends = stackalloc int[2];
        for (var pair = 0; pair < 6; pair += 2)
        {
            if (LibC.Pipe(ends, LibC.OCloexec) < 0)
            {
                return Marshal.GetLastPInvokeError();
            }

            // The child reads its input and writes its output; only our ends must never block.
            (files[pair], files[pair + 1]) = pair == 0 ? (ends[0], ends[1]) : (ends[1], ends[0]);
            _ = LibC.Fcntl(files[pair + 1], LibC.FSetFl, LibC.ONonblock);
        }

        return 0;
    }

    int Spawn(ProcessStart start, string marker, int* files, int* process)
    {
        var actions = stackalloc byte[LibC.OpaqueSize];
        var failure = LibC.SpawnActionsInit(actions);
        for (var file = 0; file < 3 && failure == 0; file++)
        {
            failure = LibC.SpawnActionsDuplicate(actions, files[file * 2], file);
        }

        fixed (byte* directory = Terminated(start.Directory))
        {
            failure = failure == 0 ? LibC.SpawnActionsChangeDirectory(actions, directory) : failure;
        }

        CloseWhatIsInherited(actions);
        if (failure == 0)
        {
            failure = Execute(start, marker, actions, process);
        }

        _ = LibC.SpawnActionsDestroy(actions);
        return failure;
    }

    int Execute(ProcessStart start, string marker, void* actions, int* process)
    {
        var strings = new List<byte>(4096);
        var starts = new List<int>(64) { 0 };
        Append(strings, start.File);
        foreach (var argument in start.Arguments)
        {
            starts.Add(strings.Count);
            Append(strings, argument);
        }

        var argumentCount = starts.Count;
        starts.Add(strings.Count);
        Append(strings, marker);
        foreach (var (name, value) in start.Environment)
        {
            starts.Add(strings.Count);
            Append(strings, $"{name}={value}");
        }

        var pointers = new nint[starts.Count + 2];
        fixed (byte* text = CollectionsMarshal.AsSpan(strings))
        fixed (nint* table = pointers)
        {
            for (var index = 0; index < starts.Count; index++)
            {
                table[index < argumentCount ? index : index + 1] = (nint)(text + starts[index]);
            }

            return LibC.Spawn(process, text, actions, (void*)attributes, (byte**)table, (byte**)(table + argumentCount + 1));
        }
    }

    // Our own files are all O_CLOEXEC; this is for those that the agent itself inherited.
    void CloseWhatIsInherited(void* actions)
    {
        if (!canCloseFrom)
        {
            return;
        }

        try
        {
            _ = LibC.SpawnActionsCloseFrom(actions, 3);
        }
        catch (EntryPointNotFoundException)
        {
            canCloseFrom = false;
        }
    }

    static void Append(List<byte> strings, string text)
    {
        // A NUL would end the string early and hide the rest from whoever reads it here.
        var clean = text.Contains('\0') ? text.Replace('\0', '\uFFFD') : text;
        var start = strings.Count;
        CollectionsMarshal.SetCount(strings, start + Encoding.UTF8.GetByteCount(clean) + 1);
        var written = Encoding.UTF8.GetBytes(clean, CollectionsMarshal.AsSpan(strings)[start..]);
        strings[start + written] = 0;
    }

    static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + '\0');
}
