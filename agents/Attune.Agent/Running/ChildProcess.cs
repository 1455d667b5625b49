using System.Threading.Channels;

namespace Attune.Agent.Running;

enum EndCause
{
    /// <summary>By itself, or by someone else's signal.</summary>
    Own,
    Terminated,
    TimedOut,
    Killed,
}

/// <summary>
/// <paramref name="Leftovers"/> outlived the leader and were killed; <paramref name="Survivors"/> could not be (uninterruptible I/O).
/// <paramref name="MayRemain"/>: an orphan is alive that could be of this run as well as of another.
/// </summary>
readonly record struct ProcessEnd(EndCause Cause, int? ExitCode, int? Signal, int Leftovers, int Survivors, bool MayRemain = false);

/// <summary>Read from one of the pipes. The bytes are rented: give the piece back with <see cref="ChildProcess.Consumed"/>.</summary>
readonly record struct OutputPiece(bool IsError, byte[] Buffer, int Length)
{
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);
}

/// <summary>A started process and all that descends from it. Its fields belong to the loop's thread; its methods to anyone.</summary>
sealed class ChildProcess(ProcessLoop loop, long number, Spawned files)
{
    internal readonly Channel<OutputPiece> Pieces =
        Channel.CreateUnbounded<OutputPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    internal readonly TaskCompletionSource<ProcessEnd> Completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal readonly HashSet<int> Escaped = [];
    internal int Input = files.Input;
    internal int Output = files.Output;
    internal int Error = files.Error;
    internal int ProcessFile = -1;
    internal ReadOnlyMemory<byte> Unwritten;
    internal long UnwrittenTold;
    internal bool KeepsInput;
    internal bool IsInputWatched;
    internal long Unread;
    internal volatile bool IsPaused;
    internal bool IsDiscarding;
    internal bool IsForced;
    internal bool HasExited;
    internal bool IsSwept;
    internal EndCause Cause;
    internal int? ExitCode;
    internal int? Signal;
    internal int Leftovers;
    internal int Survivors;
    internal int ReadAfterSweep;
    internal bool MayRemain;

    // Timestamps of the loop's clock; long.MaxValue: never.
    internal long DeadlineAt = long.MaxValue;
    internal long KillAt = long.MaxValue;
    internal long GiveUpAt = long.MaxValue;
    internal long LookAgainAt = long.MaxValue;
    internal int Looks;

    public int Id => files.Process;

    public ChannelReader<OutputPiece> Pending => Pieces.Reader;

    /// <summary>Done when no process is left and the pipes are closed. Output must be read until then: a full pipe holds the process up.</summary>
    public Task<ProcessEnd> End => Completion.Task;

    /// <summary>Bytes of its input that it has not taken yet.</summary>
    public long UnreadInput => Interlocked.Read(ref UnwrittenTold);

    internal long Number => number;

    internal long NextDue => (IsSwept, HasExited) switch
    {
        (true, _) => long.MaxValue,
        (_, true) => Math.Min(LookAgainAt, GiveUpAt),
        _ => Math.Min(Math.Min(DeadlineAt, LookAgainAt), Math.Min(IsForced ? long.MaxValue : KillAt, GiveUpAt)),
    };

    public void Consumed(OutputPiece piece) => loop.Consumed(this, piece);

    /// <summary>More for its stdin, where the start keeps that open. Whoever calls looks at <see cref="UnreadInput"/>: nothing is refused.</summary>
    public void Tell(ReadOnlyMemory<byte> bytes)
    {
        Interlocked.Add(ref UnwrittenTold, bytes.Length);
        loop.Ask(new Request(this, RequestKind.Write, TimeSpan.Zero) { Bytes = bytes });
    }

    /// <summary>Its stdin ends after what was told.</summary>
    public void CloseInput() => loop.Ask(new Request(this, RequestKind.CloseInput, TimeSpan.Zero));

    /// <summary>SIGTERM to the group, SIGKILL after the grace.</summary>
    public void Terminate(TimeSpan grace) => loop.Ask(new Request(this, RequestKind.Terminate, grace));

    /// <summary>SIGKILL to the group; what it has written and nobody has read is dropped.</summary>
    public void Kill() => loop.Ask(new Request(this, RequestKind.Kill, TimeSpan.Zero));
}

enum RequestKind
{
    Watch,
    Resume,
    Write,
    CloseInput,
    Terminate,
    Kill,
}

readonly record struct Request(ChildProcess Child, RequestKind Kind, TimeSpan Grace)
{
    public ReadOnlyMemory<byte> Bytes { get; init; }
}

/// <summary>Which of a child's files an event is about.</summary>
enum Watched
{
    Input,
    Output,
    Error,
    Process,
}
