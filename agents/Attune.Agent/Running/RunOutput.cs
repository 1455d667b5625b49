using System.Buffers;
using System.Text;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Running;

/// <summary>What a run says: a bounded, masked, live log, and the beginning of stdout for its result. One task uses it.</summary>
sealed class RunOutput(Masker masker, int attempt, Func<LogChunk, CancellationToken, ValueTask> log, TimeProvider clock)
{
    public const int LogMax = 10 * 1024 * 1024;
    public const int ResultMax = 1024 * 1024;
    const int ChunkMax = 64 * 1024;
    const int TailMax = 4 * 1024;

    /// <summary>How long lines are gathered into one chunk. A line without an end leaves after at most twice as long.</summary>
    static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    readonly Channel output = new(LogStream.Stdout, masker);
    readonly Channel error = new(LogStream.Stderr, masker);
    readonly ArrayBufferWriter<byte> result = new();
    byte[] tail = [];
    long logged;
    long pendingSince;
    bool isFull;

    public long LastSequence { get; private set; }

    /// <summary>Of stdout, at most <see cref="ResultMax"/> bytes, unmasked.</summary>
    public ReadOnlyMemory<byte> Result => result.WrittenMemory;

    /// <summary>Bytes of stdout in all.</summary>
    public long ResultLength { get; private set; }

    /// <summary>The last lines of stderr, masked, at most 4 KiB.</summary>
    public string ErrorTail
    {
        get
        {
            var text = Encoding.UTF8.GetString(tail).Replace('\0', '\uFFFD');
            var isCut = tail.Length == TailMax;
            return (isCut && text.IndexOf('\n') is >= 0 and var line && line < text.Length - 1 ? text[(line + 1)..] : text).TrimEnd('\n');
        }
    }

    bool HasPending => output.Pending.WrittenCount > 0 || error.Pending.WrittenCount > 0;

    /// <summary>Reads until the pipes are closed. A slow log slows the process down; it never loses anything but what is beyond the limit.</summary>
    public async Task PumpAsync(ChildProcess child, CancellationToken ct)
    {
        Task<bool>? more = null;
        do
        {
            while (child.Pending.TryRead(out var piece))
            {
                Take(piece);
                child.Consumed(piece);
                await FlushFullAsync(ct);
            }

            more ??= child.Pending.WaitToReadAsync(ct).AsTask();
            if (HasPending && (clock.GetElapsedTime(pendingSince) >= Gather || !await HasMoreWithinAsync(more, ct)))
            {
                await FlushAsync(output, isLast: false, ct);
                await FlushAsync(error, isLast: false, ct);
                pendingSince = clock.GetTimestamp();
            }
        }
        while ((HasPending && !more.IsCompleted) || await Next());

        output.Masked.Complete(output.Pending);
        CompleteError();
        await FlushAsync(output, isLast: true, ct);
        await FlushAsync(error, isLast: true, ct);

        async ValueTask<bool> Next()
        {
            var hasMore = await more;
            more = null;
            return hasMore;
        }
    }

    /// <summary>A line of the agent's own about the run.</summary>
    public ValueTask SayAsync(string line, CancellationToken ct)
        => SendAsync(LogStream.System, Encoding.UTF8.GetBytes(masker.Apply(line) + '\n'), ct);

    void Take(OutputPiece piece)
    {
        if (!HasPending)
        {
            pendingSince = clock.GetTimestamp();
        }

        if (piece.IsError)
        {
            var before = error.Pending.WrittenCount;
            error.Masked.Write(piece.Bytes, error.Pending);
            KeepTail(error.Pending.WrittenSpan[before..]);
            if (isFull)
            {
                error.Pending.ResetWrittenCount();
            }

            return;
        }

        ResultLength += piece.Length;
        result.Write(piece.Bytes[..Math.Min(piece.Length, ResultMax - result.WrittenCount)]);
        if (!isFull)
        {
            output.Masked.Write(piece.Bytes, output.Pending);
        }
    }

    void CompleteError()
    {
        var before = error.Pending.WrittenCount;
        error.Masked.Complete(error.Pending);
        KeepTail(error.Pending.WrittenSpan[before..]);
    }

    void KeepTail(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= TailMax)
        {
            tail = bytes[^TailMax..].ToArray();
        }
        else if (bytes.Length > 0)
        {
            var kept = Math.Min(tail.Length, TailMax - bytes.Length);
            tail = [.. tail.AsSpan(tail.Length - kept), .. bytes];
        }
    }

    async ValueTask<bool> HasMoreWithinAsync(Task<bool> more, CancellationToken ct)
    {
        if (more.IsCompleted)
        {
            return true;
        }

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var first = await Task.WhenAny(more, Task.Delay(Gather - clock.GetElapsedTime(pendingSince) is { Ticks: > 0 } left ? left : TimeSpan.Zero, clock, enough.Token));
        await enough.CancelAsync();
        return first == more;
    }

    async ValueTask FlushFullAsync(CancellationToken ct)
    {
        foreach (var channel in (Channel[])[output, error])
        {
            if (channel.Pending.WrittenCount >= ChunkMax)
            {
                await FlushAsync(channel, isLast: false, ct);
            }
        }
    }

    // Whole lines; a piece of a line only when there is nothing else, or no room to wait for its end.
    async ValueTask FlushAsync(Channel channel, bool isLast, CancellationToken ct)
    {
        while (channel.Pending.WrittenCount > 0)
        {
            var pending = channel.Pending.WrittenMemory;
            var part = pending[..Math.Min(pending.Length, ChunkMax)];
            var line = part.Span.LastIndexOf((byte)'\n') + 1;
            var length = line > 0 && !(isLast && part.Length == pending.Length) ? line : part.Length;
            await SendLimitedAsync(channel, pending[..length], ct);
            var rest = pending[length..].ToArray();
            channel.Pending.ResetWrittenCount();
            channel.Pending.Write(rest);
            if (rest.Length < ChunkMax && !isLast)
            {
                return;
            }
        }
    }

    async ValueTask SendLimitedAsync(Channel channel, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        if (isFull)
        {
            return;
        }

        var room = LogMax - logged;
        if (content.Length <= room)
        {
            logged += content.Length;
            await SendAsync(channel.Stream, content.ToArray(), ct);
            return;
        }

        isFull = true;
        var end = content.Span[..(int)room].LastIndexOf((byte)'\n') + 1;
        if (end > 0)
        {
            logged += end;
            await SendAsync(channel.Stream, content[..end].ToArray(), ct);
        }

        await SayAsync($"[log truncated: only the first {LogMax / (1024 * 1024)} MiB of output are kept]", ct);
    }

    ValueTask SendAsync(LogStream stream, byte[] content, CancellationToken ct)
        => log(
            new LogChunk
            {
                Attempt = attempt,
                Sequence = ++LastSequence,
                Stream = stream,
                Content = UnsafeByteOperations.UnsafeWrap(content),
                Time = Timestamp.FromDateTimeOffset(clock.GetUtcNow()),
            },
            ct);

    sealed class Channel(LogStream stream, Masker masker)
    {
        public LogStream Stream => stream;

        public MaskedStream Masked { get; } = new(masker);

        public ArrayBufferWriter<byte> Pending { get; } = new();
    }
}
