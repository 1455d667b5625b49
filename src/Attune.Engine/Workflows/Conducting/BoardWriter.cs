using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>A board as JSON. Everything is in a fixed order, so that equal boards are written as equal bytes. What has its usual value is left out.</summary>
static class BoardWriter
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    const int SpareMax = 2 << 20;

    [ThreadStatic]
    static ArrayBufferWriter<byte>? spare;

    public static byte[] Write(Board board)
    {
        // A state is written at every step, and a large one would grow through all sizes each time.
        var buffer = spare ?? new(4096);
        spare = null;
        using (var json = new Utf8JsonWriter(buffer, Options))
            Write(json, board);
        var written = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity <= SpareMax)
        {
            buffer.ResetWrittenCount();
            spare = buffer;
        }

        return written;
    }

    static void Write(Utf8JsonWriter json, Board board)
    {
        json.WriteStartObject();
        json.WriteNumber("status", (int)board.Status);
        if (board.EndsAs is { } endsAs)
            json.WriteNumber("ends_as", (int)endsAs);
        Write(json, "error", board.Error);
        Write(json, "reach", (int)board.Reach);
        Write(json, "paused_at", board.PausedAt);
        Write(json, "paused_by", (int)board.PausedBy);
        if (board.PauseReason is { } reason)
            json.WriteString("pause_reason", reason);
        if (board.Timeout is { } timeout)
            json.WriteNumber("timeout", timeout.Ticks);
        Write(json, "deadline", board.Deadline);
        Write(json, board.Retry);
        if (board.Attempt != 1)
            json.WriteNumber("attempt", board.Attempt);
        Write(json, "restart_at", board.RestartAt);
        Write(json, "last_run", board.LastRun);
        Write(json, "last_arrival", board.LastArrival);
        WriteAll(json, "tasks", board.Tasks.OrderBy(task => task.Key), Write);
        WriteAll(json, "runs", board.RunsInOrder, Write);
        WriteAll(json, "joins", board.Joins.OrderBy(join => join.Key), Write);
        WriteAll(json, "held", board.Held.Values, Write);
        Write(json, board.Contexts);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, Contexts contexts)
    {
        Write(json, "next_node", contexts.NextNode);
        WriteMap(json, "vars", contexts.Variables);
        WriteMap(json, "ended", contexts.Ended);
        WriteAll(json, "nodes", contexts.Nodes, (json, each) =>
        {
            json.WriteNumber("n", each.Number);
            Write(json, "parent", each.Node.Parent);
            WriteMap(json, "vars", each.Node.Writes);
            Write(json, "ended", each.Node.HasEnded);
        });
    }

    static void Write(Utf8JsonWriter json, RetryPolicy retry)
    {
        if (retry.MaxAttempts <= 1)
            return;
        json.WriteStartObject("retry");
        json.WriteNumber("max", retry.MaxAttempts);
        json.WriteNumber("delay", retry.Delay.Ticks);
        json.WriteNumber("backoff", (int)retry.Backoff);
        json.WriteNumber("max_delay", retry.MaxDelay.Ticks);
        Write(json, "failed", retry.OnFailed);
        Write(json, "timeout", retry.OnTimeout);
        Write(json, "lost", retry.OnLost);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, KeyValuePair<int, TaskRecord> task)
    {
        json.WriteNumber("t", task.Key);
        Write(json, "runs", task.Value.RunCount);
        Write(json, "seen", task.Value.Seen + 1);
        Write(json, "left", task.Value.Left + 1);
        if (task.Value.Last is not { } last)
            return;
        json.WriteNumber("n", last.Run);
        Write(json, "outcome", (int)last.Outcome);
        Write(json, "error", last.Error);
        Write(json, "handle", last.Handle);
        Write(json, "edited", last.HasEditedResult);
        Write(json, last.Items);
    }

    static void Write(Utf8JsonWriter json, Run run)
    {
        json.WriteNumber("n", run.Number);
        json.WriteNumber("t", run.Task);
        Write(json, "node", run.Context);
        json.WriteNumber("phase", (int)run.Phase);
        Write(json, "try", run.Try);
        Write(json, "until", run.Until);
        Write(json, "again", run.Again);
        Write(json, "edited_input", run.HasEditedInput);
        Write(json, "edited_result", run.HasEditedResult);
        Write(json, run.Items);
    }

    static void Write(Utf8JsonWriter json, ItemsWindow? items)
    {
        if (items is null)
            return;
        json.WriteStartObject("items");
        json.WriteNumber("total", items.Total);
        json.WriteNumber("concurrency", items.Concurrency);
        Write(json, "batch_size", items.BatchSize);
        Write(json, "next", items.Next);
        Write(json, "completed", items.Completed);
        Write(json, "failed", items.Failed);
        WriteNumbers(json, "open", items.Open, open => [open.Item, open.Try, open.TriesEnd, open.Until?.UtcTicks ?? 0]);
        WriteNumbers(json, "ranges", items.FailedItems.Ranges, range => [range.From, range.To]);
        if (items.FailedItems.Bits is { } bits)
            json.WriteBase64String("bits", bits);
        WriteAll(json, "failures", items.Failures, (json, failure) =>
        {
            json.WriteNumber("item", failure.Item);
            json.WriteNumber("outcome", (int)failure.Outcome);
            Write(json, "error", failure.Error);
        });

        Write(json, "stopped", items.IsStopped);
        WriteNumbers(json, "results", items.Results, edited => [edited.Item, edited.Value]);
        WriteNumbers(json, "inputs", items.Inputs, edited => [edited.Item, edited.Value]);
        Write(json, "round", items.Round);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, KeyValuePair<int, JoinRounds> join)
    {
        json.WriteNumber("t", join.Key);
        Write(json, "fired", join.Value.Fired);
        json.WriteStartArray("counts");
        foreach (var count in join.Value.Counts)
            json.WriteNumberValue(count);
        json.WriteEndArray();
        if (join.Value.Waiting.IsEmpty)
            return;
        json.WriteStartArray("waiting");
        foreach (var round in join.Value.Waiting)
            WriteNumbers(json, null, round, arrival => [arrival.Source, arrival.Context, arrival.Order]);
        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, RunEnded held)
    {
        json.WriteNumber("at", held.At.UtcTicks);
        json.WriteNumber("n", held.Key.Run);
        json.WriteNumber("item", held.Key.Item);
        json.WriteNumber("try", held.Key.Try);
        json.WriteNumber("outcome", (int)held.Outcome);
        Write(json, "error", held.Error);
        Write(json, "handle", held.Handle);
    }

    static void WriteAll<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        var any = false;
        foreach (var item in items)
        {
            if (!any)
                json.WriteStartArray(name);
            any = true;
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        if (any)
            json.WriteEndArray();
    }

    static void WriteNumbers<T>(Utf8JsonWriter json, string? name, ImmutableArray<T> items, Func<T, long[]> numbers)
    {
        if (name is not null && items.IsEmpty)
            return;
        if (name is null)
            json.WriteStartArray();
        else
            json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartArray();
            foreach (var number in numbers(item))
                json.WriteNumberValue(number);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    static void WriteMap(Utf8JsonWriter json, string name, ValueMap map)
    {
        if (map.Count == 0)
            return;
        json.WritePropertyName(name);
        Value.Of(map).WriteTo(json);
    }

    static void Write(Utf8JsonWriter json, string name, TaskError? error)
    {
        if (error is null)
            return;
        json.WriteStartArray(name);
        json.WriteStringValue(error.Reason);
        json.WriteStringValue(error.Message);
        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } known)
            json.WriteNumber(name, known.UtcTicks);
    }

    static void Write(Utf8JsonWriter json, string name, long number)
    {
        if (number != 0)
            json.WriteNumber(name, number);
    }

    static void Write(Utf8JsonWriter json, string name, bool flag)
    {
        if (flag)
            json.WriteBoolean(name, true);
    }
}
