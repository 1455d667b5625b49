using System.Text;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.Protos.Client;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Following;

/// <summary>
/// Streams an execution's log: its stdout to stdout, its stderr to stderr, the agent's own lines dimmed to stderr. A connection that
/// breaks is taken up again where it stopped.
/// </summary>
sealed class LogFollower(Invocation run)
{
    const int ReconnectsMax = 30;
    static readonly TimeSpan reconnectDelay = TimeSpan.FromSeconds(1);

    // With -o json or yaml stdout belongs to the document.
    readonly Stream stdout = run.Answer.IsTable ? Console.OpenStandardOutput() : Console.OpenStandardError();
    readonly Stream stderr = Console.OpenStandardError();

    // Of a workflow's tasks: lines that are not whole yet.
    readonly Dictionary<(long Execution, LogStream Stream), TaskLine> taskLines = [];
    int attempt;
    Stream? openLine;

    /// <summary>True once the job itself wrote to its stdout. What a workflow's tasks write is not what the workflow gives.</summary>
    public bool SawOutput { get; private set; }

    /// <summary>The execution as it ended; null when not followed to its end.</summary>
    public async Task<Execution?> StreamAsync(long executionId, bool follow, IEnumerable<LogStream> streams, CancellationToken ct)
    {
        var request = new StreamExecutionLogsRequest { ExecutionId = executionId, Follow = follow };
        request.Streams.AddRange(streams);
        for (var broken = 0; ;)
        {
            try
            {
                using var call = run.Client.Executions.StreamExecutionLogs(request, cancellationToken: ct);
                await foreach (var part in call.ResponseStream.ReadAllAsync(ct))
                {
                    broken = 0;
                    await WriteAsync(part, ct);
                    if (part.Cursor is not "")
                        request.Cursor = part.Cursor;
                    if (part.Outcome is { } outcome)
                        return outcome;
                }

                if (!follow)
                    return null;
            }
            catch (AttuneException failure) when (failure.StatusCode is StatusCode.Unavailable && broken < ReconnectsMax)
            {
                if (broken is 0)
                    Say("the connection broke; trying to take it up again");
            }

            if (++broken > ReconnectsMax)
                throw new CommandFailure($"The server ends the log of execution {executionId} again and again.", exitCode: ExitCode.Unreachable);
            await Task.Delay(reconnectDelay, run.Clock, ct);
        }
    }

    /// <summary>Ends a line that the job left open where ours would go on in it. Stdout in a pipe stays as the job wrote it.</summary>
    public void EndLine()
    {
        foreach (var ((_, stream), line) in taskLines.Where(each => each.Value.Bytes.Count > 0))
        {
            WriteLine(stream, line);
            line.Bytes.Clear();
        }

        if (openLine == stderr || (openLine is not null && (run.Terminal.ErrorIsTerminal || !run.Answer.IsTable)))
            run.Terminal.Error.WriteLine();
        openLine = null;
    }

    async Task WriteAsync(StreamExecutionLogsResponse part, CancellationToken ct)
    {
        foreach (var chunk in part.Chunks)
        {
            if (chunk.ExecutionId is not 0)
            {
                WriteTask(chunk);
                continue;
            }

            if (attempt is not 0 && chunk.Attempt != attempt)
                Say($"attempt {chunk.Attempt}");
            attempt = chunk.Attempt;
            if (chunk.Content.Length is 0)
                continue;

            if (chunk.Stream is LogStream.System)
            {
                Say(chunk.Content.ToStringUtf8().TrimEnd('\n'));
                continue;
            }

            SawOutput |= chunk.Stream is LogStream.Stdout;
            var target = chunk.Stream is LogStream.Stderr ? stderr : stdout;
            openLine = chunk.Content[^1] is (byte)'\n' ? null : target;
            await target.WriteAsync(chunk.Content.Memory, ct);
            await target.FlushAsync(ct);
        }
    }

    void Say(string line)
    {
        if (run.Quiet)
            return;

        EndLine();
        run.Terminal.Error.WriteLine(Tone.Dim.Paint(line, run.Terminal.ColourError));
    }

    // Line by line, each with its task before it, since several write at the same time.
    void WriteTask(LogChunk chunk)
    {
        var key = (chunk.ExecutionId, chunk.Stream);
        if (!taskLines.TryGetValue(key, out var line))
        {
            var name = chunk.HasItemIndex ? $"{chunk.TaskName}[{chunk.ItemIndex}]" : chunk.TaskName;
            taskLines[key] = line = new(name, chunk.Attempt);
        }

        if (line.Attempt != chunk.Attempt)
        {
            WriteLine(chunk.Stream, line);
            taskLines[key] = line = new(line.Task, chunk.Attempt);
        }

        foreach (var each in chunk.Content.Span)
        {
            if (each is not (byte)'\n')
                line.Bytes.Add(each);
            if (each is (byte)'\n' || line.Bytes.Count >= TaskLine.BytesMax)
            {
                WriteLine(chunk.Stream, line, isWhole: true);
                line.Bytes.Clear();
            }
        }
    }

    void WriteLine(LogStream stream, TaskLine line, bool isWhole = false)
    {
        if (!isWhole && line.Bytes.Count is 0)
            return;
        if (stream is LogStream.System && run.Quiet)
            return;

        var target = stream is LogStream.Stdout ? stdout : stderr;
        var colour = stream is LogStream.Stdout && run.Answer.IsTable ? run.Terminal.ColourOut : run.Terminal.ColourError;
        target.Write(Encoding.UTF8.GetBytes(Tone.Dim.Paint($"{new Cell(line.Task).Printable} | ", colour)));
        target.Write([.. line.Bytes, (byte)'\n']);
        target.Flush();
    }

    sealed record TaskLine(string Task, int Attempt)
    {
        // What never ends its line is shown even so.
        public const int BytesMax = 64 * 1024;

        public List<byte> Bytes { get; } = [];
    }
}
