using System.Collections.Immutable;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Reads what <see cref="BoardWriter"/> wrote. The order of members does not matter: the database changes it.</summary>
sealed class BoardReader(Workflow workflow)
{
    // A value of 64 levels, and what is around it.
    static readonly JsonDocumentOptions Options = new() { MaxDepth = 80 };

    /// <exception cref="FormatException">It is no state of this workflow.</exception>
    public static Board Read(Workflow workflow, ReadOnlySpan<byte> utf8Json)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8Json.ToArray(), Options);
            return new BoardReader(workflow).Read(document.RootElement);
        }
        catch (Exception exception)
            when (exception is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or IndexOutOfRangeException)
        {
            throw new FormatException($"It is no state of this workflow: {exception.Message}", exception);
        }
    }

    Board Read(JsonElement json)
    {
        var board = new Board
        {
            Status = Enumerated<WorkflowStatus>(json, "status"),
            EndsAs = json.TryGetProperty("ends_as", out _) ? Enumerated<WorkflowStatus>(json, "ends_as") : null,
            Error = Error(json),
            Reach = Enumerated<EndingReach>(json, "reach"),
            PausedAt = Time(json, "paused_at"),
            PausedBy = (Pausers)Number(json, "paused_by"),
            PauseReason = json.TryGetProperty("pause_reason", out var reason) ? reason.GetString() : null,
            Timeout = json.TryGetProperty("timeout", out var timeout) ? new TimeSpan(timeout.GetInt64()) : null,
            Deadline = Time(json, "deadline"),
            Retry = json.TryGetProperty("retry", out var retry) ? Retry(retry) : RetryPolicy.Never,
            Attempt = json.TryGetProperty("attempt", out var attempt) ? attempt.GetInt32() : 1,
            RestartAt = Time(json, "restart_at"),
            LastRun = (int)Number(json, "last_run"),
            LastArrival = Number(json, "last_arrival"),
            Contexts = new(
                Map(json, "vars"), Map(json, "ended"), (int)Number(json, "next_node"),
                All(json, "nodes").Select(node => ((int)Number(node, "n"), (int)Number(node, "parent"), Map(node, "vars"), Flag(node, "ended")))),
        };
        foreach (var task in All(json, "tasks"))
        {
            var record = new TaskRecord((int)Number(task, "runs"), Ended(task), (int)Number(task, "seen") - 1, (int)Number(task, "left") - 1);
            board.Tasks.Add(Task(task).Index, record);
            foreach (var node in (int[])[record.Seen, record.Left])
            {
                if (node >= 0)
                    board.Contexts.Use(node);
            }
        }

        foreach (var each in All(json, "runs"))
        {
            var run = Run(each);
            board.Runs.Add(run.Number, run);
            board.Contexts.Use(run.Context);
        }

        foreach (var each in All(json, "joins"))
        {
            var join = Join(each);
            board.Joins.Add(Task(each).Index, join);
            foreach (var arrival in join.Waiting.SelectMany(round => round))
                board.Contexts.Use(arrival.Context);
        }

        foreach (var each in All(json, "held"))
        {
            var held = Held(each);
            board.Held.Add(held.Key, held);
        }

        return board;
    }

    WorkflowTask Task(JsonElement json) => workflow.Tasks[json.GetProperty("t").GetInt32()];

    Run Run(JsonElement json) => new()
    {
        Number = (int)Number(json, "n"),
        Task = Task(json).Index,
        Context = (int)Number(json, "node"),
        Phase = Enumerated<RunPhase>(json, "phase"),
        Try = (int)Number(json, "try"),
        Until = Time(json, "until"),
        Again = (int)Number(json, "again"),
        HasEditedInput = Flag(json, "edited_input"),
        HasEditedResult = Flag(json, "edited_result"),
        Items = Items(json),
    };

    JoinRounds Join(JsonElement json)
    {
        var counts = json.GetProperty("counts").EnumerateArray().Select(count => count.GetInt32()).ToImmutableArray();
        if (counts.Length != Task(json).Sources.Count)
            throw new FormatException("A join has another number of sources.");
        return new(
            (int)Number(json, "fired"), counts,
            json.TryGetProperty("waiting", out var waiting)
                ? [.. waiting.EnumerateArray().Select(round => Numbers(round, row => new Arrival((int)row[0], (int)row[1], row[2])))]
                : []);
    }

    static EndedRun? Ended(JsonElement json) => json.TryGetProperty("n", out var number)
        ? new(
            number.GetInt32(), Enumerated<RunOutcome>(json, "outcome"), Error(json), Number(json, "handle"), Flag(json, "edited"), Items(json))
        : null;

    static RunEnded Held(JsonElement json) => new(
        Time(json, "at")!.Value, new((int)Number(json, "n"), (int)Number(json, "item"), (int)Number(json, "try")),
        Enumerated<RunOutcome>(json, "outcome"), Error(json), Number(json, "handle"));

    static ItemsWindow? Items(JsonElement json) => !json.TryGetProperty("items", out var items) ? null : new()
    {
        Total = (int)Number(items, "total"),
        Concurrency = (int)Number(items, "concurrency"),
        BatchSize = (int)Number(items, "batch_size"),
        Next = (int)Number(items, "next"),
        Completed = (int)Number(items, "completed"),
        Failed = (int)Number(items, "failed"),
        Open = Rows(items, "open", row => new OpenItem((int)row[0], (int)row[1], (int)row[2], row[3] == 0 ? null : new(row[3], TimeSpan.Zero))),
        FailedItems = new(
            Rows(items, "ranges", row => new ItemRange((int)row[0], (int)row[1])),
            items.TryGetProperty("bits", out var bits) ? bits.GetBytesFromBase64() : null),
        Failures =
        [
            .. All(items, "failures").Select(failure => new ItemFailure(
                failure.GetProperty("item").GetInt32(), Enumerated<RunOutcome>(failure, "outcome"), Error(failure)!)),
        ],
        IsStopped = Flag(items, "stopped"),
        Results = Rows(items, "results", row => new EditedItem((int)row[0], (int)row[1])),
        Inputs = Rows(items, "inputs", row => new EditedItem((int)row[0], (int)row[1])),
        Round = (int)Number(items, "round"),
    };

    static RetryPolicy Retry(JsonElement json) => new()
    {
        MaxAttempts = (int)Number(json, "max"),
        Delay = new(Number(json, "delay")),
        Backoff = Enumerated<Backoff>(json, "backoff"),
        MaxDelay = new(Number(json, "max_delay")),
        OnFailed = Flag(json, "failed"),
        OnTimeout = Flag(json, "timeout"),
        OnLost = Flag(json, "lost"),
    };

    static TaskError? Error(JsonElement json)
        => json.TryGetProperty("error", out var error) ? new(error[0].GetString()!, error[1].GetString()!) : null;

    static T Enumerated<T>(JsonElement json, string name)
        where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), Number(json, name));
        return Enum.IsDefined(value) ? value : throw new FormatException($"`{name}` is {value}.");
    }

    static ImmutableArray<T> Rows<T>(JsonElement json, string name, Func<long[], T> row)
        => json.TryGetProperty(name, out var rows) ? Numbers(rows, row) : [];

    static ImmutableArray<T> Numbers<T>(JsonElement rows, Func<long[], T> row)
        => [.. rows.EnumerateArray().Select(each => row([.. each.EnumerateArray().Select(number => number.GetInt64())]))];

    static List<JsonElement> All(JsonElement json, string name)
        => json.TryGetProperty(name, out var items) ? [.. items.EnumerateArray()] : [];

    static ValueMap Map(JsonElement json, string name)
        => json.TryGetProperty(name, out var map) ? Value.FromJson(map).Members : ValueMap.Empty;

    static DateTimeOffset? Time(JsonElement json, string name)
        => json.TryGetProperty(name, out var ticks) ? new(ticks.GetInt64(), TimeSpan.Zero) : null;

    static long Number(JsonElement json, string name) => json.TryGetProperty(name, out var number) ? number.GetInt64() : 0;

    static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var flag) && flag.GetBoolean();
}
